"""Corrections by simulation: what they change, by how much, and what they leave."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from corrections import EVERYTHING, copies, pair
from keras import layers

import tfsnn
from tfsnn.conversion import layerwise
from tfsnn.conversion.correct import _Walk, correct
from tfsnn.conversion.correct.means import channel_mean, shrunk
from tfsnn.conversion.methods.options import CORRECTED
from tfsnn.conversion.normalize import normalize_with_units
from tfsnn.conversion.plan import Corrections
from tfsnn.network.nodes import Affine, Linear, Rate
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model


def spikes_of(graph, x, steps=4):
    observed = simulate(graph, tf.constant(x), steps, observe=("spikes",)).observed
    return {key.split("/")[1]: spikes.numpy() for key, spikes in observed.items()}


@pytest.mark.parametrize("name", ["cnn", "residual", "normalized"])
def test_the_ann_and_the_network_before_are_left_alone(name):
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, 16)
    ann, spiking = pair(model, x)
    before = copies(ann), copies(spiking.graph)
    after = correct(ann, spiking, ann.feed(x), 4, EVERYTHING)
    for graph, arrays in zip((ann, spiking.graph), before, strict=True):
        for node, known in zip(graph, arrays, strict=True):
            assert all((node.arrays()[key] == known[key]).all() for key in known)
    assert after.outputs == ann.outputs and after.clock == spiking.graph.clock
    kept = [node.name for node in after if not node.name.endswith("_shift")]
    assert kept == [node.name for node in spiking.graph]
    changed = {n.name for n in after if n.name in kept} - {
        node.name
        for node, old in zip((after[name] for name in kept), spiking.graph, strict=True)
        if node is old
    }
    assert changed and changed < set(kept)


def test_without_corrections_the_graph_is_the_same():
    model = models.randomise(models.mlp())
    ann, spiking = pair(model, x := models.samples(model, 4))
    assert correct(ann, spiking, ann.feed(x), 4, Corrections()) is spiking.graph
    assert not Corrections() and Corrections(potential=True)


def with_bias(model, x, **options):
    """Before and after a correction of biases only."""
    ann, spiking = pair(model, x, **options)
    after = correct(ann, spiking, ann.feed(x), 4, Corrections(bias=True))
    return ann, spiking.graph, after


def missing(ann, graph, x, name):
    """Of each channel, the mean of what a population's spikes lack, in spikes."""
    expected = np.asarray(ann.forward(x)[name]) / graph[name].scale
    error = expected - spikes_of(graph, x)[name].mean(0)
    return error.mean(tuple(range(error.ndim - 1)))


def test_the_bias_goes_into_the_linear_node_before():
    model = models.randomise(models.cnn())
    x = models.samples(model, 16)
    ann, before, after = with_bias(model, x, scale="mse", per="channel")
    assert [node.name for node in before] == [node.name for node in after]
    first, second = (node for node in before.of_kind(Linear) if node.form == "conv")
    name = ann.consumers()[first.name][0].name  # a max pooling; the neurons behind it
    name = ann.consumers()[name][0].name
    shift = after[first.name].bias - first.bias
    np.testing.assert_allclose(shift, missing(ann, before, x, name), 1e-4, 1e-6)
    assert (after[first.name].kernel == first.kernel).all() and np.abs(shift).min() > 0
    assert (after[second.name].bias != second.bias).any()


def shared():
    """A linear layer that the neurons and a sum read."""
    x = keras.Input((6,))
    a = layers.Dense(4, name="a")(x)
    b = layers.ReLU(name="b")(a)
    c = layers.Dense(4, name="c")(b)
    return keras.Model(x, layers.ReLU(name="d")(layers.Add(name="sum")([a, c])))


def joined():
    """Two linear layers side by side in front of the neurons."""
    x = keras.Input((6,))
    both = [layers.Dense(2, name="a")(x), layers.Dense(3, name="c")(x)]
    b = layers.ReLU(name="b")(layers.Concatenate()(both))
    return keras.Model(x, layers.ReLU(name="d")(layers.Dense(4, name="e")(b)))


@pytest.mark.parametrize("build", [shared, joined])
def test_the_bias_of_what_others_read_goes_into_a_node_put_in(build):
    model = models.randomise(build())
    x = models.samples(model, 40)
    ann = simplify(import_model(model))
    # All scales are 1, so that no gain stands before the neurons.
    plan = models.plan_for(ann, low=0, max_coefficient=1.0)
    spiking = normalize_with_units(ann, plan)
    before, after = (
        correct(ann, spiking, ann.feed(x), 4, Corrections(bias=bias))
        for bias in (False, True)
    )
    added = [node for node in after if node.name not in {n.name for n in before}]
    assert [node.name for node in added] == ["b_shift"] and type(added[0]) is Affine
    assert after["b"].inputs == ("b_shift",) and added[0].inputs == before["b"].inputs
    assert np.array_equal(after["a"].bias, before["a"].bias)
    assert (added[0].gain == 1).all()
    shift = missing(ann, before, x, "b")
    np.testing.assert_allclose(added[0].offset, shift, 1e-4, 1e-6)
    if build is joined:
        assert np.array_equal(after["c"].bias, before["c"].bias)
    else:  # a sum that the neurons alone read: a summand that it alone reads takes it
        assert (after["c"].bias != before["c"].bias).any()


def test_the_bias_goes_into_the_gain_of_the_neurons_alone():
    model = models.randomise(shared())
    x = models.samples(model, 40)
    ann, before, after = with_bias(model, x, scale="mse", per="channel")
    assert [node.name for node in before] == [node.name for node in after]
    assert np.array_equal(after["a"].bias, before["a"].bias)
    (gain,) = after["b"].inputs
    assert type(after[gain]) is Affine and after[gain].inputs == ("a",)
    assert np.array_equal(after[gain].gain, before[gain].gain)
    shift = missing(ann, before, x, "b")
    np.testing.assert_allclose(after[gain].offset, shift, 1e-4, 1e-6)


def test_the_bias_goes_into_the_offset_of_a_normalisation():
    x = keras.Input((4, 4, 2))
    a = layers.Conv2D(3, 3, activation="relu")(x)
    a = layers.ReLU(name="b")(layers.BatchNormalization(name="norm")(a))
    model = models.randomise(keras.Model(x, layers.Flatten()(a)))
    x = models.samples(model, 16)
    _, before, after = with_bias(model, x)
    assert [node.name for node in before] == [node.name for node in after]
    assert (after["norm"].offset != before["norm"].offset).all()
    assert (after["norm"].gain == before["norm"].gain).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["residual", "maxpool_on_spikes"])
@pytest.mark.parametrize("method", ["opi", "paced", "radix", "cos", "differential"])
def test_what_was_gone_through_is_the_corrected_network(name, method, monkeypatch):
    """Each population sends what it sent while the network was being mended."""
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, 12)
    ann, spiking = pair(model, x, method)
    walk = _Walk(ann, spiking, ann.feed(x), 4, EVERYTHING)
    monkeypatch.setattr(walk.spiking, "forget", lambda name: None)
    for node in spiking.graph:
        walk.visit(node)
    after = walk.corrected()
    found = simulate(after, tf.constant(x), 4, observe=("values",)).observed
    for node in ann.of_kind(Rate):
        seen = np.array(walk.spiking.read(node.name, slice(0, 12)).steps())
        sent = found[f"values/{node.name}"].numpy()
        # Sums are rounded in another order: a spike may move by a step.
        assert np.isclose(seen, sent, atol=1e-4).mean() > 0.99
        np.testing.assert_allclose(seen.mean(0), sent.mean(0), atol=0.51)


@pytest.mark.parametrize(("steps", "delay"), [(4, 0), (7, 2)])
def test_potentials_are_the_mean_of_what_is_missing_in_all_steps(steps, delay):
    model = models.randomise(models.mlp())
    x = models.samples(model, 60)
    options = {"lookahead": 0, "delay": delay, "initial_potential": 0.5}
    ann, spiking = pair(model, x, "paced", timesteps=steps, correct="none", **options)
    after = correct(ann, spiking, ann.feed(x), steps, Corrections(potential=True))
    name = ann.of_kind(Rate)[0].name
    expected = np.asarray(ann.forward(x)[name]) / spiking.graph[name].scale
    read = spikes_of(spiking.graph, x, steps)[name][delay:]
    error = expected - read.mean(0)
    found = after[name].initial_potential - 0.5
    np.testing.assert_allclose(found, len(read) * shrunk([error]), 1e-4, 1e-6)
    assert found.shape == (8,) and found.any()


def test_means_are_shrunk_by_the_share_of_noise(rng):
    """James and Stein: kept is 1 - noise / mean square, of each channel's places."""
    n, places = 50, 40
    signal = rng.normal(size=(places, 3)) * [2.0, 0.05, 0.0]
    error = signal + rng.normal(size=(n, places, 3))
    found, mean = shrunk([error]), error.mean(0)
    kept = found / mean
    for channel in range(3):
        noise = np.mean(error[..., channel].var(0, ddof=1)) / n
        square = np.mean(mean[:, channel] ** 2)
        expected = np.clip(1 - noise / square, 0, 1)
        np.testing.assert_allclose(kept[:, channel], expected, rtol=1e-5, atol=1e-6)
    assert kept[0, 0] > 0.99 and kept[0, 2] < 0.5
    # Nearer to the signal than the means are.
    assert (
        np.square(found - signal)[:, 1:].sum() < np.square(mean - signal)[:, 1:].sum()
    )


def test_means_are_those_of_all_samples_however_they_come(rng):
    error = rng.normal(0.1, 1, (23, 4, 5)).astype(np.float32)
    parts = np.split(error, [1, 9, 16])
    np.testing.assert_allclose(shrunk(parts), shrunk([error]), 1e-4, 1e-6)
    mean = error.mean((0, 1))
    np.testing.assert_allclose(channel_mean(map(tf.constant, parts)), mean, 1e-5, 1e-7)


@pytest.mark.parametrize("name", ["residual", "maxpool_on_spikes"])
@pytest.mark.parametrize("method", ["augmapping", "paced", "radix"])
def test_a_network_is_corrected_alike_in_slices(name, method, monkeypatch):
    """Of few samples at a time, and without currents kept from pass to pass."""
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, 24)
    ann, spiking = pair(model, x, method)
    whole = correct(ann, spiking, ann.feed(x), 4, EVERYTHING)
    monkeypatch.setattr(layerwise, "AT_ONCE", 2500)
    monkeypatch.setattr(layerwise, "KEPT", 0)
    found = correct(ann, spiking, ann.feed(x), 4, EVERYTHING)
    for one, same in zip(copies(found), copies(whole), strict=True):
        for key, values in one.items():
            np.testing.assert_allclose(values, same[key], 1e-2, 2e-3, err_msg=key)


def test_means_without_noise_stay():
    error = np.broadcast_to(np.float32([[1, -2], [3, 0.5]]), (6, 2, 2))
    assert (shrunk([error]) == error[0]).all()
    assert (shrunk([np.zeros((4, 3), np.float32)]) == 0).all()


@pytest.fixture(scope="module")
def trained():
    """Random features, and a readout fitted to three classes in closed form."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, 400)
    x = rng.normal(0, 0.3, (400, 6, 6, 1)).astype(np.float32)
    for i, label in enumerate(y):
        x[i, 2 * label : 2 * label + 2] += 1
    inputs = keras.Input((6, 6, 1))
    a = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    b = layers.Conv2D(8, 3, padding="same", activation="relu")(a)
    b = layers.Conv2D(8, 3, padding="same")(b)
    a = layers.ReLU()(layers.Add()([a, b]))
    a = layers.Flatten()(layers.AveragePooling2D(2)(a))
    model = models.randomise(keras.Model(inputs, layers.Dense(3)(a)))
    features = keras.Model(inputs, a)(x).numpy()
    rows = np.concatenate([features, np.ones((400, 1))], 1)
    gram = rows.T @ rows + 40 * np.eye(rows.shape[1])
    weights = np.linalg.solve(gram, rows.T @ np.eye(3)[y])
    model.layers[-1].set_weights([weights[:-1], weights[-1]])
    assert (np.argmax(model(x), -1) == y).all()
    return model, x


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "options", "chosen"),
    [
        # Spikes that are floored lack half a spike: any correction finds that.
        ("data_norm", {"scale": "mse", "per": "channel"}, CORRECTED[1:]),
        ("rmp", {}, CORRECTED[1:]),
        *(
            (name, {}, ("weights", "weights+bias", "weights+bias+potential"))
            for name in ("snn_calibration", "paced", "cos")
        ),
    ],
)
def test_corrections_bring_the_error_down(method, options, chosen, trained):
    model, x = trained
    errors = {}
    for correction in ("none", *chosen):
        snn = tfsnn.convert(
            model, x[:128], method, correct=correction, timesteps=4, **options
        )
        outputs = simulate(snn.graph, tf.constant(x), 4).outputs[0]
        error = np.abs(outputs - model(x))
        errors[correction] = error[:128].mean(), error[128:].mean()
    for correction in chosen:
        assert errors[correction][0] < 0.9 * errors["none"][0], errors
        assert errors[correction][1] < errors["none"][1], errors  # of unseen samples


def averaged():
    """Average pooling stands between the weights and the neurons."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(3, 3),
            layers.AveragePooling2D(2),
            layers.ReLU(name="b"),
            layers.Conv2D(4, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["averaged", "residual", "maxpool_on_spikes"])
def test_verify_report_and_files_go_with_corrected_networks(name, tmp_path):
    model = models.randomise({**models.MODELS, "averaged": averaged}[name]())
    x = models.samples(model, 32)
    options = {"correct": "weights+bias+potential", "timesteps": 6}
    snn = tfsnn.convert(model, x, "snn_calibration", **options)
    put_in = [node.name for node in snn.graph if node.name.endswith("_shift")]
    assert put_in == (["b_shift"] if name == "averaged" else [])
    found = tfsnn.verify(model, snn, x)
    populations = list(snn.populations)
    assert [c.node for c in found.layers][: len(populations)] == populations
    decoded = spikes_of(snn.graph, x, 6)[populations[0]].mean(0)
    decoded = decoded * snn.graph[populations[0]].scale
    values = simplify(import_model(model)).forward(x)[populations[0]]
    error = np.abs(decoded - values).mean()
    assert found.layers[0].error == pytest.approx(float(error), rel=1e-4)
    assert snn.report.options["correct"] == "weights+bias+potential"
    assert {p.node for p in snn.report.populations} == set(populations)
    with pytest.raises(tfsnn.ModelError, match="was not converted from"):
        tfsnn.verify(models.mlp(), snn, x)
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    assert (loaded(x[:4]).numpy() == snn(x[:4]).numpy()).all()
    (row,) = tfsnn.evaluate(snn, x, ann=model, timesteps=[6]).rows
    assert row.energy_ratio > 0 and row.agreement > 0.5


def test_progress_is_shown_and_nothing_is_corrected_without_spikes():
    model = models.randomise(models.mlp())
    seen = {}

    def progress(items, length, label):
        seen[label] = length
        return items

    x = models.samples(model, 20)
    snn = tfsnn.convert(model, x, "paced", progress=progress)
    assert seen["correcting"] == len(list(snn.graph))
    smooth = keras.Sequential([keras.Input((3,)), layers.Dense(2, "gelu")])
    x = models.samples(models.randomise(smooth), 8)
    snn = tfsnn.convert(smooth, x, "paced")
    np.testing.assert_allclose(snn(x), smooth(x), rtol=1e-5, atol=1e-6)
