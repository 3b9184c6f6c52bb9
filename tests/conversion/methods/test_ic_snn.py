"""IC-SNN: initial potentials, and inputs coded in spikes, with compensation."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.conversion import methods
from tfsnn.conversion.methods.ic_snn import mean_residual
from tfsnn.conversion.statistics import calibrate
from tfsnn.errors import CalibrationError, OptionError
from tfsnn.network.neurons import KINDS, CompensatedCoder, RateCoder
from tfsnn.network.nodes import Coder, Linear, Spiking
from tfsnn.network.passes import simplify
from tfsnn.network.passes.code_inputs import code_inputs
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model

PIXELS = (np.arange(256) / 255).astype(np.float32)  # of 8 bits


def run(coder, x, steps, chunk=None):
    """Values, events and potentials of a constant input, ``(steps, ...)``."""
    x = tf.constant(x)
    state, parts = coder.initial_state(x.shape), []
    for start in range(0, steps, chunk or steps):
        count = min(chunk or steps, steps - start)
        sent, state = coder.advance([x] * count, state)
        parts.append([np.stack(each) for each in sent])
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def neuron(x, steps):
    """An integrate-and-fire neuron with V(0) = 0, in exact arithmetic: integers."""
    numerators, spikes = np.zeros(len(x), int), []
    for _ in range(steps):
        numerators += x
        spikes.append(numerators >= 255)
        numerators -= 255 * spikes[-1]
    return np.array(spikes, float), numerators / 255


@pytest.mark.parametrize("steps", [1, 2, 5, 8, 17, 51, 85, 255])
def test_the_coder_is_an_integrate_and_fire_neuron(steps):
    """Also where x T is an integer, which sums in float32 would miss."""
    expected, left = neuron(np.arange(256), steps)
    values, events, potentials = run(RateCoder(), PIXELS, steps)
    assert (events == expected).all() and (values == events).all()
    assert (events.sum(0) == np.arange(256) * steps // 255).all()
    np.testing.assert_allclose(potentials[-1], left, atol=1e-4)
    for streamed, whole in zip(
        run(RateCoder(), PIXELS, steps, chunk=3),
        (values, events, potentials),
        strict=True,
    ):
        assert (streamed == whole).all()


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 32])
def test_the_compensated_sum_is_exact(steps):
    values, events, _ = run(CompensatedCoder(), PIXELS, steps)
    assert (events == run(RateCoder(), PIXELS, steps)[1]).all()
    np.testing.assert_allclose(values.sum(0), steps * PIXELS, rtol=1e-6)
    lost = PIXELS - np.floor(steps * PIXELS) / steps
    np.testing.assert_allclose(values - events, np.tile(lost, (steps, 1)), atol=1e-7)
    dyadic = np.arange(17, dtype=np.float32) / 16
    if steps != 3:
        assert (
            run(CompensatedCoder(), dyadic, steps)[0].sum(0) == steps * dyadic
        ).all()


def test_inputs_outside_are_clipped_and_thresholds_are_the_size_of_spikes():
    x = np.array([-0.5, 0.0, 1.0, 1.5], np.float32)
    for coder in (RateCoder(), CompensatedCoder()):
        assert (run(coder, x, 4)[0] == [0, 0, 1, 1]).all()
    values, events, potentials = run(RateCoder(threshold=0.5), x / 8, 4)
    assert (events.sum(0) == [0, 0, 1, 1]).all() and (values == events / 2).all()
    assert (potentials[-1] == [0, 0, 0, 0.25]).all()


def images(model, count=12, seed=1):
    """Inputs in [0, 1] that are multiples of 1/16."""
    return np.abs(models.samples(model, count, seed))


def model_of_convolutions():
    return models.dyadic(
        keras.Sequential(
            [
                keras.Input((5, 5, 2), name="image"),
                layers.Conv2D(4, 3, padding="same", name="first"),
                layers.ReLU(name="relu"),
                layers.MaxPooling2D(2),
                layers.Conv2D(3, 2, activation="relu"),
                layers.Flatten(),
                layers.Dense(3),
            ]
        )
    )


CODED = {"coding": "compensated", "correct": "none"}


@pytest.mark.slow
@pytest.mark.parametrize("timesteps", [2, 8])
def test_compensation_makes_the_sum_of_the_first_layer_exact(timesteps):
    model = model_of_convolutions()
    x = images(model)
    snn = tfsnn.convert(model, x, "ic_snn", timesteps=timesteps, **CODED)
    rated = tfsnn.convert(
        model, x, "ic_snn", timesteps=timesteps, coding="rate", correct="none"
    )
    first = import_model(model)["first"]
    expected = timesteps * first.apply(tf.constant(x)).numpy()
    errors = []
    for each in (snn, rated):
        values = each.simulate(x, record=("values",)).values["image_coder"]
        currents = [first.apply(tf.constant(value)).numpy() for value in values]
        errors.append(np.abs(np.sum(currents, 0) - expected).max())
    assert errors[0] == 0
    assert errors[1] > 0


@pytest.mark.slow
def test_the_spikes_of_the_input_are_counted():
    model = model_of_convolutions()
    x = images(model)
    y = np.zeros(len(x), int)
    for coding in ("rate", "compensated"):
        snn = tfsnn.convert(model, x, "ic_snn", timesteps=8, coding=coding)
        spikes = snn.simulate(x).spikes["image_coder"]
        assert set(np.unique(spikes)) == {0, 1}
        assert (spikes.sum(0) == np.floor(8 * x)).all()
        if coding == "rate":  # no synapse has an analog input
            assert snn.operations_per_sample().constant_macs == 0
        assert snn.operations_per_sample().fan_outs["image_coder"].sum() > 0
        row = tfsnn.evaluate(snn, (x, y), timesteps=[8]).rows[0]
        of_all = snn.simulate(x).spikes.values()
        assert row.spikes == pytest.approx(sum(s.sum() for s in of_all) / len(x))


@pytest.mark.parametrize("coding", ["rate", "compensated"])
def test_it_is_the_same_in_chunks_unscaled_and_loaded(coding, tmp_path):
    model = model_of_convolutions()
    x = images(model)
    snn = tfsnn.convert(model, x, "ic_snn", timesteps=6, coding=coding)
    y = snn(x).numpy()
    for chunk in (1, 4, 6):
        other = simulate(snn.graph, tf.constant(x), 6, chunk=chunk).outputs[0]
        np.testing.assert_allclose(other, y, atol=1e-5)
    snn.save(tmp_path / "snn.keras")
    loaded = keras.models.load_model(tmp_path / "snn.keras")
    assert (loaded(x).numpy() == y).all()
    coder, *_ = tfsnn.verify(model, loaded, x).layers
    assert coder.node == "image_coder" and coder.clipped == 0
    assert (coder.error < 1e-6) == (coding == "compensated")


def test_of_whole_inputs_there_is_none_and_of_several_each_has_one():
    tokens = keras.Input((3,), dtype="int32", name="tokens")
    image, scalar = keras.Input((4,), name="image"), keras.Input((), name="scalar")
    row = layers.Flatten()(layers.Embedding(5, 4)(tokens))
    both = layers.Concatenate()([row, image, layers.Reshape((1,))(scalar)])
    y = layers.Dense(3)(layers.Dense(6, activation="relu")(both))
    model = models.randomise(keras.Model([tokens, image, scalar], y))
    graph = simplify(import_model(model))
    coded = code_inputs(graph, "rate_coder")
    names = {node.name for node in coded.of_kind(Coder)}
    assert names == {"image_coder", "scalar_coder"}
    rng = np.random.default_rng(0)
    feed = {
        "tokens": rng.integers(0, 5, (7, 3)).astype(np.float32),
        "image": rng.uniform(size=(7, 4)).astype(np.float32),
        "scalar": rng.uniform(size=7).astype(np.float32),
    }
    expected = graph.forward(feed)[graph.outputs[0]].numpy()
    assert (coded.forward(feed)[coded.outputs[0]].numpy() == expected).all()
    method = methods.make("ic_snn", {"coding": "compensated", "timesteps": 64})
    coded = methods.prepare(method, graph)
    plan = method.plan(coded, calibrate(coded, [feed]))
    for name in names:
        assert (plan[name].scale == 1).all() and plan[name].initial_potential == 0
        assert plan[name].neuron == "compensated_coder"


def test_direct_coding_leaves_the_graph_alone_and_nothing_to_compensate():
    graph = simplify(import_model(model_of_convolutions()))
    assert methods.prepare(methods.make("ic_snn", {}), graph) is graph
    assert methods.prepare(methods.make("opi", {}), graph) is graph


@pytest.mark.parametrize("coding", ["rate", "compensated"])
@pytest.mark.parametrize("shift", [(-0.25, 1.0), (0.0, 3.0)])
def test_inputs_of_another_range_are_refused(coding, shift):
    model = model_of_convolutions()
    low, size = shift
    x = images(model)
    x = (low + size * x / x.max()).astype(np.float32)
    x[0, 0, 0, 0] = low
    with pytest.raises(CalibrationError) as caught:
        tfsnn.convert(model, x, "ic_snn", coding=coding)
    message = str(caught.value)
    assert f"the input image ranges from {low:g} to {low + size:g}" in message
    assert f"coding={coding} can send [0, 1] only" in message
    assert "coding=direct" in message
    tfsnn.convert(model, x, "ic_snn", correct="none")


def residual(z, scale, steps):
    """The mean of r in thresholds, in NumPy."""
    u = z[z > 0] * steps / scale
    return np.mean(u - np.clip(np.floor(u), 0, steps))


@pytest.mark.parametrize("steps", [1, 4, 32, 1024])
@pytest.mark.parametrize("per", ["channel", "layer"])
def test_initial_potentials_from_the_ann_are_mean_residuals(steps, per):
    x = np.random.default_rng(0).exponential([0.1, 1, 10], (4000, 3))
    x[::2] *= -1  # inactive
    x = x.astype(np.float32)
    model = keras.Sequential([keras.Input((3,)), layers.ReLU(name="relu")])
    graph = import_model(model)
    statistics = calibrate(graph, [x])
    options = {
        "timesteps": steps,
        "per": per,
        "scale": "percentile",
        "percentile": 98.0,
    }
    plan = methods.make("ic_snn", options).plan(graph, statistics)["relu"]
    expected = [residual(x[:, i], plan.scale[i], steps) for i in range(3)]
    found = plan.initial_potential
    # At 1024 steps the largest are clipped by hundreds of thresholds.
    np.testing.assert_allclose(found, np.minimum(expected, 1), atol=0.02)
    assert np.abs(found - 0.5).max() > 0.03
    for potential, start in (("half", 0.5), ("none", 0.0)):
        method = methods.make("ic_snn", options | {"potential": potential})
        assert method.plan(graph, statistics)["relu"].initial_potential == start


def test_the_residual_of_uniform_currents_is_half_and_of_no_current_too():
    x = np.zeros((4096, 2), np.float32)
    x[:, 0] = (np.arange(4096) + 0.5) / 4096
    graph = import_model(keras.Sequential([keras.Input((2,)), layers.ReLU(name="r")]))
    statistics = calibrate(graph, [x])["r"]
    for steps in (1, 4, 16):
        found = mean_residual(statistics, np.array([1.0, 1.0]), steps)
        # The first bin, of the zeros, is left out.
        np.testing.assert_allclose(found, 0.5, atol=2 * steps / 1024)


def test_half_a_threshold_and_no_correction_is_opi():
    model = model_of_convolutions()
    x = images(model)
    given = {"timesteps": 8, "scale": "max", "per": "layer"}
    one = tfsnn.convert(model, x, "ic_snn", correct="none", potential="half", **given)
    other = tfsnn.convert(model, x, "opi", **given)
    assert (one(x).numpy() == other(x).numpy()).all()


@pytest.mark.slow
@pytest.mark.parametrize("coding", ["direct", "rate"])
def test_corrections_bring_the_mean_error_down_and_leave_coders_alone(coding):
    model = model_of_convolutions()
    x = images(model, 60)
    graph = simplify(import_model(model))
    wanted = graph.forward(x)["relu"].numpy().mean(0)
    given = {"timesteps": 4, "coding": coding, "potential": "none"}
    errors = {}
    for correct in ("none", "potential", "weights+bias+potential"):
        snn = tfsnn.convert(model, x, "ic_snn", correct=correct, **given)
        spikes = snn.simulate(x).spikes["relu"]
        decoded = (spikes.mean(0) * np.asarray(snn.graph["relu"].scale)).mean(0)
        errors[correct] = np.abs(decoded - wanted).mean()
        for node in snn.graph.of_kind(Spiking):
            if KINDS[node.neuron].encodes_input:
                assert np.all(np.asarray(node.initial_potential) == 0)
                assert snn.graph[node.inputs[0]].name == "image"
    assert all(e < errors["none"] / 2 for c, e in errors.items() if c != "none")


def test_the_weights_of_the_first_layer_stay_where_its_input_is_exact():
    model = model_of_convolutions()
    x = images(model, 40)
    kernels = [
        np.asarray(
            tfsnn.convert(
                model, x, "ic_snn", timesteps=4, coding="compensated", correct=correct
            )
            .graph.of_kind(Linear)[0]
            .kernel
        )
        for correct in ("none", "weights")
    ]
    np.testing.assert_allclose(*kernels, atol=1e-4)


def test_a_threshold_for_each_neuron_has_no_residual_of_a_channel():
    model = model_of_convolutions()
    x = images(model)
    given = {"per": "neuron", "scale": "max", "correct": "none"}
    with pytest.raises(OptionError, match="per=neuron goes with potential=half or"):
        tfsnn.convert(model, x, "ic_snn", **given)
    snn = tfsnn.convert(model, x, "ic_snn", potential="half", coding="rate", **given)
    assert snn.graph["relu"].scale.shape == snn.graph["relu"].shape
