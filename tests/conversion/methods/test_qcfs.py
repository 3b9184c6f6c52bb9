"""QCFS: the layer that trains thresholds, and the method that takes them."""

import dataclasses

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.conversion import methods
from tfsnn.conversion.normalize import normalize
from tfsnn.errors import ModelError, OptionError, UnsupportedError
from tfsnn.layers import QCFS
from tfsnn.network.nodes import Max, Rate, Spiking
from tfsnn.network.passes import simplify
from tfsnn.network.passes.drop_repeated_rate import drop_repeated_rate
from tfsnn.network.passes.pool_before_rate import pool_before_rate
from tfsnn.simulation.model import SpikingModel
from tfsnn.sources import import_model


def reference(z, bound, levels):
    """The activation in NumPy, float64."""
    z = np.asarray(z, float)
    return bound * np.clip(np.floor(z * levels / bound + 0.5) / levels, 0, 1)


def with_bound(layer, shape, bound):
    """A layer built for inputs of this shape, its threshold set."""
    layer.build((None, *shape))
    layer.threshold.assign(np.broadcast_to(bound, layer.threshold.shape))
    return layer


Z = np.arange(-96, 300, dtype=np.float32).reshape(-1, 4) / 32  # steps and what is near


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("bound", [2.0, 8.0, [0.5, 1.0, 2.0, 4.0]])
def test_the_layer_is_the_reference(levels, bound):
    layer = with_bound(QCFS(levels, per_channel=np.ndim(bound) > 0), (4,), bound)
    np.testing.assert_allclose(
        layer(Z), reference(Z, np.array(bound), levels), rtol=1e-6
    )
    if levels != 3:  # dyadic
        assert (layer(Z).numpy() == reference(Z, np.array(bound), levels)).all()
    assert layer.compute_output_shape((None, 4)) == (None, 4)


def test_the_gradients_are_straight_through():
    """The paper's: 1 and (a - z) / bound between the first step and the last."""
    bound, levels = 2.0, 4
    layer = with_bound(QCFS(levels), (4,), bound)
    z, above = tf.constant(Z), reference(Z, bound, levels)
    upstream = np.linspace(0.5, 2, Z.size).reshape(Z.shape)
    with tf.GradientTape() as tape:
        tape.watch(z)
        total = tf.reduce_sum(layer(z) * upstream)
    by_z, by_bound = tape.gradient(total, [z, layer.threshold.value])
    low, high = -bound / (2 * levels), bound - bound / (2 * levels)
    inside = (low <= Z) & (high > Z)
    np.testing.assert_allclose(by_z, upstream * inside, rtol=1e-6)
    each = np.where(inside, (above - Z) / bound, high <= Z)
    np.testing.assert_allclose(by_bound, np.sum(each * upstream), rtol=1e-5)


def test_it_computes_in_float32_and_hands_on_the_dtype_of_the_policy():
    layer = with_bound(QCFS(8, dtype="mixed_float16"), (4,), 0.3)
    z = Z + 1 / 64  # exact in float16, and no step is there
    y = layer(tf.constant(z, tf.float16))
    assert y.dtype == tf.float16 and layer.threshold.dtype == "float32"
    np.testing.assert_allclose(y, reference(z, np.float32(0.3), 8), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("per_channel", [False, True])
def test_it_trains_is_saved_and_loaded(per_channel, tmp_path):
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(8),
            QCFS(4, initial=1.0, per_channel=per_channel),
            layers.Dense(1),
        ]
    )
    x = np.random.default_rng(0).uniform(-1, 1, (128, 3)).astype(np.float32)
    y = 3 * np.abs(x[:, :1])  # needs a larger bound than 1
    model.compile(keras.optimizers.Adam(0.03), "mse")
    losses = model.fit(x, y, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 3
    threshold = model.layers[1].threshold.numpy()
    assert threshold.shape == ((8,) if per_channel else ())
    assert np.all(np.abs(threshold - 1) > 0.02)
    model.save(tmp_path / "ann.keras")
    loaded = keras.models.load_model(tmp_path / "ann.keras")
    assert loaded.layers[1].get_config() == model.layers[1].get_config()
    assert (loaded(x).numpy() == model(x).numpy()).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: QCFS(0), "levels=0 must be a positive integer"),
        (lambda: QCFS(True), "levels=True must be"),
        (lambda: QCFS(2.0), "levels=2.0 must be"),
        (lambda: QCFS(initial=0.0), "initial=0.0 must be a positive number"),
        (lambda: QCFS(initial=float("inf")), "initial=inf must be"),
        (lambda: QCFS(per_channel=True).build((None, None)), "no fixed number of"),
        (lambda: QCFS(per_channel=True).build((None,)), "no fixed number of"),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    with pytest.raises(OptionError) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize("bound", [1.7, [0.3, 1.1, 2.9, 0.07]])
def test_the_node_computes_bit_for_bit_what_the_layer_does(bound):
    layer = QCFS(5, per_channel=np.ndim(bound) > 0)
    model = keras.Sequential([keras.Input((4,)), layer])
    layer.threshold.assign(bound)
    (node,) = import_model(model).of_kind(Rate)
    assert node.rounding.most == 5
    np.testing.assert_array_equal(node.max_value, np.float32(bound))
    x = np.random.default_rng(0).normal(0, 2, (500, 4)).astype(np.float32)
    assert (node.apply(tf.constant(x)).numpy() == model(x).numpy()).all()


def test_a_threshold_that_is_not_positive_is_refused():
    model = keras.Sequential([keras.Input((4,)), QCFS(name="step")])
    model.layers[0].threshold.assign(-0.25)
    with pytest.raises(UnsupportedError, match=r"threshold is -0\.25 after training"):
        import_model(model)


def test_inspect_tells_bounds_and_levels():
    model = keras.Sequential([keras.Input((2,)), QCFS(4), QCFS(8, per_channel=True)])
    model.layers[1].threshold.assign([0.5, 2.0])
    text = str(tfsnn.inspect_model(model))
    assert "spiking neurons of 3 bits (4 levels, at most 8)" in text
    assert "spiking neurons of 4 bits (8 levels, at most 0.5 to 2)" in text


REPEATED = {
    "a ReLU": ([QCFS(4), layers.ReLU()], 1),
    "a wider ReLU": ([QCFS(4), layers.ReLU(8.0)], 1),
    "a narrower ReLU": ([QCFS(4), layers.ReLU(0.5)], 0),
    "the same steps": ([QCFS(4), QCFS(4)], 1),
    "the same steps, pooled": ([QCFS(4), layers.MaxPooling2D(2), QCFS(4)], 1),
    "the same steps, averaged": ([QCFS(4), layers.AveragePooling2D(2), QCFS(4)], 0),
    "other steps": ([QCFS(4), QCFS(3)], 0),
    "steps of what had none": ([layers.ReLU(8.0), QCFS(4)], 0),
    "channels that moved": (
        [QCFS(per_channel=True), layers.Permute((3, 2, 1)), layers.ReLU(1.0)],
        0,
    ),
}


@pytest.mark.parametrize("name", REPEATED)
def test_only_what_changes_nothing_is_dropped(name):
    stack, dropped = REPEATED[name]
    model = keras.Sequential([keras.Input((4, 4, 2)), *map(_copy, stack)])
    for layer in model.layers:
        if isinstance(layer, QCFS):
            bound = [0.75, 1.5] if layer.per_channel else 1.5
            layer.threshold.assign(bound)
    before = import_model(model)
    after = drop_repeated_rate(before)
    assert len(before.of_kind(Rate)) - len(after.of_kind(Rate)) == dropped
    x = np.random.default_rng(0).normal(0.5, 1, (8, 4, 4, 2)).astype(np.float32)
    for one, other in zip(before.outputs, after.outputs, strict=True):
        expected = before.forward(x)[one].numpy()
        assert (after.forward(x)[other].numpy() == expected).all()


def _copy(layer):
    return type(layer).from_config(layer.get_config())


def test_max_pooling_goes_before_the_steps_of_each_channel():
    model = keras.Sequential(
        [keras.Input((4, 4, 2)), QCFS(per_channel=True), layers.MaxPooling2D(2)]
    )
    model.layers[0].threshold.assign([0.5, 2.0])
    before = import_model(model)
    after = pool_before_rate(before)
    order = [type(node) for node in after]
    assert order.index(Max) < order.index(Rate)
    x = np.random.default_rng(0).normal(0.5, 1, (8, 4, 4, 2)).astype(np.float32)
    values = before.forward(x)[before.outputs[0]].numpy()
    assert (after.forward(x)[after.outputs[0]].numpy() == values).all()


def network(levels, bounds=(2.0, 0.5), per_channel=False):
    """Two QCFS layers, with weights that are multiples of 1/16."""
    model = keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            layers.Conv2D(4, 3, padding="same"),
            QCFS(levels, per_channel=per_channel, name="first"),
            layers.MaxPooling2D(2),
            layers.Conv2D(3, 2),
            QCFS(levels, name="second"),
            layers.Flatten(),
            layers.Dense(3, name="logits"),
        ]
    )
    models.dyadic(model)
    for layer, bound in zip((model.layers[1], model.layers[4]), bounds, strict=True):
        layer.threshold.assign(np.broadcast_to(bound, layer.threshold.shape))
    return model


def activations(model, x):
    """Of every rate node in the ANN, by name."""
    graph = simplify(import_model(model))
    values = graph.forward(x)
    return {node.name: values[node.name].numpy() for node in graph.of_kind(Rate)}


def decoded(snn, x, timesteps=None):
    """What the spikes of every population stand for, by name."""
    spikes = snn.simulate(x, timesteps).spikes
    return {n: s.mean(0) * np.asarray(snn.graph[n].scale) for n, s in spikes.items()}


@pytest.mark.slow
@pytest.mark.parametrize("bound", [0.5, [0.5, 1.0, 2.0, 4.0]])
@pytest.mark.parametrize("levels", [1, 4, 8])
def test_at_as_many_steps_as_levels_the_first_layer_is_exact(levels, bound):
    model = network(levels, (bound, 0.5), per_channel=np.ndim(bound) > 0)
    x = models.samples(model, 20)
    snn = tfsnn.convert(model, x[:4], "qcfs", timesteps=levels)
    expected = activations(model, x)["first"]
    assert (decoded(snn, x)["first"] == expected).all()
    assert len(np.unique(expected)) > levels  # all steps, of one bound at least


def test_layer_by_layer_the_whole_network_is_exact():
    """Neurons that wait for the end of their input get a mean as constant as can be."""
    levels = 4
    model = network(levels)
    x = models.samples(model, 20)
    snn = tfsnn.convert(model, x[:4], "qcfs", timesteps=levels)
    graph = simplify(import_model(model))
    plan = methods.make("qcfs", {"timesteps": levels}).plan(graph, {})
    waiting = {
        name: dataclasses.replace(
            neurons, neuron="paced", settings={"lookahead": levels}
        )
        for name, neurons in plan.items()
    }
    exact = SpikingModel(normalize(graph, waiting), levels, snn.report)
    expected = activations(model, x)
    for name, values in decoded(exact, x).items():
        assert (values == expected[name]).all()
    assert (exact(x).numpy() == model(x).numpy()).all()
    # And without waiting the second layer is not: spikes arrive unevenly.
    assert (decoded(snn, x)["second"] != expected["second"]).any()


@pytest.mark.parametrize("timesteps", [2, 3, 16])
def test_at_other_numbers_of_steps_it_is_exact_in_expectation(timesteps):
    """Theorem 2 of the paper: of currents that are uniform over the bound."""
    levels, bound, count = 4, 2.0, 192  # a multiple of 2 L and of each 2 T
    model = keras.Sequential([keras.Input((1,)), QCFS(levels, name="first")])
    model.layers[0].threshold.assign(bound)
    z = (bound * (np.arange(count) + 0.5) / count)[:, None].astype(np.float32)
    snn = tfsnn.convert(model, z, "qcfs", timesteps=timesteps)
    sent = decoded(snn, z)["first"]
    np.testing.assert_allclose(
        sent, reference(z, bound, timesteps), rtol=1e-6, atol=1e-6
    )
    expected = activations(model, z)["first"]
    assert (sent != expected).any()
    np.testing.assert_allclose(sent.mean(), expected.mean(), rtol=1e-6)


def mixed():
    """Bounds of every sort, and neurons without."""
    return models.randomise(
        keras.Sequential(
            [
                keras.Input((6,)),
                layers.Dense(5),
                QCFS(4, per_channel=True, name="steps"),
                layers.Dense(5, activation="relu6", name="six"),
                layers.Dense(5),
                layers.ReLU(0.75, name="bounded"),
                layers.Dense(5, activation="relu", name="free"),
                layers.Dense(2),
            ]
        )
    )


def test_thresholds_are_the_bounds_whatever_the_data():
    model = mixed()
    x = models.samples(model, 30)
    snn = tfsnn.convert(model, x, "qcfs", scale="max", threshold_scale=0.5)
    steps = np.asarray(model.get_layer("steps").threshold)
    scales = {n: np.asarray(snn.graph[n].scale) for n in snn.populations}
    free = next(name for name in scales if name.startswith("free"))
    six = next(name for name in scales if name.startswith("six"))
    assert (scales["steps"] == steps).all()
    assert (scales[six] == 6).all() and (scales["bounded"] == 0.75).all()
    largest = activations(model, x)[free].max(0)
    alive = largest > 0
    np.testing.assert_allclose(scales[free][alive], largest[alive] / 2, rtol=1e-6)
    for node in snn.graph.of_kind(Spiking):
        assert node.initial_potential == 0.5 and node.max_coefficient == 1
        assert node.negative_threshold is None


def test_neurons_without_a_bound_are_named_or_refused():
    model = mixed()
    x = models.samples(model, 30)
    report = tfsnn.convert(model, x, "qcfs").report
    (note,) = report.notes
    assert note.startswith("free") and "no upper bound was trained" in note
    assert note in report.warnings and f"warning: {note}" in str(report)
    assert type(report).from_dict(report.to_dict()) == report
    with pytest.raises(ModelError) as caught:
        tfsnn.convert(model, x, "qcfs", unbounded="refuse")
    message = str(caught.value)
    assert message.startswith("free") and "tfsnn.layers.QCFS" in message
    assert all(name not in message for name in ("steps", "six", "bounded,"))
    trained = network(4)
    report = tfsnn.convert(
        trained, models.samples(trained), "qcfs", unbounded="refuse"
    ).report
    assert report.notes == ()


def test_activations_at_the_bound_are_not_reported_as_clipped():
    model = keras.Sequential([keras.Input((3,)), QCFS(4)])
    model.layers[0].threshold.assign(0.7)
    x = np.full((9, 3), 2.0, np.float32)
    (population,) = tfsnn.convert(model, x, "qcfs").report.populations
    assert population.clipped == 0
    (population,) = tfsnn.convert(
        keras.Sequential([keras.Input((3,)), layers.ReLU()]),
        np.linspace(0, 1, 99, dtype=np.float32).reshape(33, 3),
        "data_norm",
        scale="max",
        threshold_scale=0.5,
    ).report.populations
    assert population.clipped == pytest.approx(0.5, abs=0.02)


def test_the_saved_network_is_the_same(tmp_path):
    model = network(4, ([0.5, 1.0, 2.0, 4.0], 0.5), per_channel=True)
    x = models.samples(model)
    snn = tfsnn.convert(model, x, "qcfs", timesteps=4)
    snn.save(tmp_path / "snn.keras")
    loaded = keras.models.load_model(tmp_path / "snn.keras")
    assert len(loaded.graph.of_kind(Spiking)) == 2
    assert (loaded(x).numpy() == snn(x).numpy()).all()
    assert tfsnn.verify(model, loaded, x).layers[0].error == 0
