"""Weights fitted to what spikes stand for: recovered, or left alone."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.conversion import methods
from tfsnn.conversion.correct import correct
from tfsnn.conversion.correct.smooth import correct_where_it_helps
from tfsnn.conversion.correct.weights import fitted
from tfsnn.conversion.normalize import normalize_with_units
from tfsnn.conversion.plan import Corrections
from tfsnn.conversion.statistics import calibrate
from tfsnn.network.nodes import Linear
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model

LINEAR = {
    "dense": (layers.Dense(3), (6,)),
    "dense on places": (layers.Dense(3), (5, 6)),
    "conv": (layers.Conv2D(3, 2), (5, 5, 2)),
    "conv, same, strides": (layers.Conv2D(3, 3, 2, padding="same"), (6, 6, 2)),
    "conv, dilated": (layers.Conv2D(3, 2, dilation_rate=2), (6, 6, 2)),
    "conv in 1D": (layers.Conv1D(3, 3, strides=2), (9, 2)),
    "conv in 1D, dilated": (layers.Conv1D(3, 2, dilation_rate=3), (9, 2)),
}


def linear(name):
    layer, shape = LINEAR[name]
    model = keras.Sequential(
        [keras.Input(shape), type(layer).from_config(layer.get_config())]
    )
    (node,) = import_model(models.randomise(model)).of_kind(Linear)
    return node, shape


@pytest.mark.parametrize("name", LINEAR)
def test_the_fit_recovers_weights_for_distorted_inputs(name, rng):
    """Inputs that lost 1/2 and an offset: weights twice as large, another bias."""
    node, shape = linear(name)
    x = rng.random((80, *shape)).astype(np.float32)
    offset = 0.0 if node.padding == "same" else 0.125  # padding has none
    distorted = tf.constant(x / 2 - offset)
    error = node.apply(tf.constant(x)) - node.apply(distorted)
    found = fitted(node, distorted, error)
    np.testing.assert_allclose(found.kernel, 2 * node.kernel, atol=0.05)
    left = node.apply(tf.constant(x)) - found.apply(distorted)
    assert np.abs(left).max() < 0.02 * np.abs(error).max()
    inner = node.kernel.reshape(-1, 3).sum(0)
    np.testing.assert_allclose(found.bias, node.bias + 2 * offset * inner, atol=0.05)


def test_each_input_is_fitted_for_itself(rng):
    node, shape = linear("dense")
    x = rng.random((200, *shape)).astype(np.float32)
    x[:, 4] = 0
    shares = np.float32([1, 0.5, 0.75, 1, 1, 2])
    distorted = tf.constant(x * shares)
    error = node.apply(tf.constant(x)) - node.apply(distorted)
    found = fitted(node, distorted, error)
    expected = node.kernel / shares[:, None]
    np.testing.assert_allclose(found.kernel, expected, atol=0.05)
    assert (found.kernel[4] == node.kernel[4]).all()  # of silence nothing is learnt
    assert np.abs(found.kernel - node.kernel).max() > 0.3


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.Dense(16), (200,)),
        (layers.Conv2D(16, 3), (4, 4, 20)),
        (layers.Conv1D(16, 5), (7, 30)),
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_leaves_the_weights_as_they_are(layer, shape, seed):
    """What does not help on the samples held out is not done."""
    model = keras.Sequential(
        [keras.Input(shape), type(layer).from_config(layer.get_config())]
    )
    (node,) = import_model(models.randomise(model)).of_kind(Linear)
    rng = np.random.default_rng(seed)
    x = tf.constant(rng.random((64, *shape)) - 0.5, tf.float32)
    noise = tf.constant(rng.normal(size=node.apply(x).shape), tf.float32)
    assert fitted(node, x, noise) is node
    # Beside an error ten times as large that the weights explain, that is mended.
    error = 0.1 * noise - node.apply(x)
    found = fitted(node, x, error)
    left = error - (found.apply(x) - node.apply(x))
    assert np.square(left).mean() < 0.6 * np.square(error).mean()


@pytest.mark.parametrize("samples", [2, 3])
def test_too_few_samples_to_hold_some_out_change_nothing(samples, rng):
    node, shape = linear("dense")
    x = tf.constant(rng.random((samples, *shape)), tf.float32)
    assert fitted(node, x, node.apply(x)) is node


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(4, 2, groups=2),
        layers.DepthwiseConv2D(2),
        layers.Conv2DTranspose(3, 2),
        layers.Conv2D(2, 49, padding="same"),  # 4802 weights of one output
    ],
)
def test_other_forms_are_not_fitted(layer, rng):
    model = keras.Sequential([keras.Input((4, 4, 2)), layer])
    (node,) = import_model(models.randomise(model)).of_kind(Linear)
    x = tf.constant(rng.random((16, 4, 4, 2)), tf.float32)
    assert fitted(node, x, node.apply(x)) is node


def binary(seed=0):
    """Activations that are 0 or 1 behind the first layer, and an ANN that reads them.

    Thresholds of 1/2 clip each spike train to half of the activation, whatever T.
    """
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(6, "relu"), layers.Dense(4)]
    )
    models.dyadic(model, seed)
    model.layers[0].set_weights([np.eye(6), np.zeros(6)])
    x = np.random.default_rng(seed).integers(0, 2, (200, 6)).astype(np.float32)
    return model, x


def test_weights_make_good_what_spikes_are_clipped_to():
    model, x = binary()
    options = {"threshold_scale": 0.5, "scale": "max", "timesteps": 4}
    plain, fit = (
        tfsnn.convert(model, x[:150], "data_norm", correct=correct, **options)
        for correct in ("none", "weights")
    )
    first, second = fit.graph.of_kind(Linear)
    assert np.array_equal(first.kernel, plain.graph.of_kind(Linear)[0].kernel)
    # Spikes of size 1/2 stand for 1.
    kernel = np.asarray(model.layers[1].kernel)
    np.testing.assert_allclose(second.kernel, kernel, atol=0.01)
    np.testing.assert_allclose(second.bias, model.layers[1].bias, atol=0.01)
    np.testing.assert_allclose(fit(x[150:]), model(x[150:]), atol=0.02)
    assert np.abs(plain(x[150:]) - model(x[150:])).max() > 0.4


def test_the_last_summand_of_a_sum_makes_good_the_others():
    """A skip that is clipped to half, and a branch that reads the same spikes."""
    inputs = keras.Input((5,))
    a = layers.Dense(5, "relu", name="a")(inputs)
    b = layers.Dense(5, name="b")(a)
    outputs = layers.Add(name="sum")([a, b])
    model = models.dyadic(keras.Model(inputs, outputs))
    model.get_layer("a").set_weights([np.eye(5), np.zeros(5)])
    x = np.random.default_rng(0).integers(0, 2, (200, 5)).astype(np.float32)
    options = {"threshold_scale": 0.5, "scale": "max", "timesteps": 4}
    fit = tfsnn.convert(model, x[:150], "data_norm", correct="weights", **options)
    # The skip stays as it is, so the branch adds what that lacks: a - a / 2.
    expected = np.asarray(model.get_layer("b").kernel) + np.eye(5) / 2
    np.testing.assert_allclose(fit.graph["b"].kernel, expected, atol=0.01)
    np.testing.assert_allclose(fit(x[150:]), model(x[150:]), atol=0.02)


def test_currents_below_zero_count_where_neurons_are_smooth():
    """The weights of a layer before tanh are mended for inputs of both signs."""
    x = keras.Input((6,))
    y = layers.Dense(5, "tanh")(x)
    y = layers.Dense(4, "tanh", name="mended")(y)
    model = models.randomise(keras.Model(x, layers.Dense(2)(y)))
    samples = models.samples(model, 256) - 0.5
    errors = {}
    for chosen in ("none", "bias", "weights", "weights+bias"):
        options = {"timesteps": 2, "correct": chosen}
        snn = tfsnn.convert(model, samples, "few_spikes", **options)
        error = np.asarray(snn(samples)) - np.asarray(model(samples))
        errors[chosen] = float(np.sqrt(np.mean(error**2)))
    assert errors["bias"] == errors["none"]  # a current is not what they send
    assert errors["weights+bias"] == errors["weights"] < 0.8 * errors["none"]


def test_corrections_of_smooth_neurons_are_kept_if_they_help_other_samples(rng):
    """Fitted to one place they mend nothing elsewhere; to all places they do."""
    x = keras.Input((6,))
    y = layers.Dense(20, "sigmoid")(x)
    y = layers.Dense(20, "sigmoid")(y)
    model = models.randomise(keras.Model(x, layers.Dense(2)(y)))
    wide = rng.normal(size=(128, 6)).astype(np.float32)
    narrow = wide.copy()
    narrow[:96] = 2 + wide[:96] / 4  # the last quarter is held back
    chosen = methods.make("few_spikes", {"timesteps": 2})
    ann = chosen.prepare(simplify(import_model(model)))
    plan = chosen.plan(ann, calibrate(ann, [wide]))
    spiking = normalize_with_units(ann, plan)

    def error(graph):
        found = simulate(graph, tf.constant(wide[96:]), 2, gradients=False).outputs[0]
        return float(np.mean((found - model(wide[96:])) ** 2))

    before = error(spiking.graph)
    for samples, helps in ((wide, True), (narrow, False)):
        given = ann, spiking, ann.feed(samples), 2, Corrections(weights=True)
        found = correct_where_it_helps(*given)
        fit = correct(ann, spiking, ann.feed(samples[:96]), *given[3:])
        assert (error(fit) < before) == helps
        assert (found is spiking.graph) != helps
        assert error(found) == (error(fit) if helps else before)
