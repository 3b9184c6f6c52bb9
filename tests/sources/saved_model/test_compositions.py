"""Compositions of operations are recognised and become the one Keras layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from saved_model_files import assert_equal, export, kinds, save

from tfsnn.sources import load_model
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.patterns.matching import (
    Const,
    LiveTensor,
    Op,
    X,
    match,
    number,
)
from tfsnn.sources.saved_model.reading import read_frozen

SLOPE = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
GAMMA = np.array([0.5, 1.0, 1.5, 2.0], np.float32)
BETA = np.array([0.3, -0.2, 0.1, 0.7], np.float32)


def names(model):
    """By output: the activations that lead to it, in the order of the graph."""
    return [
        layer.activation.__name__
        for layer in model.layers
        if isinstance(layer, layers.Activation)
    ]


ACTIVATIONS = {
    "silu": [
        lambda x: x * tf.sigmoid(x),
        lambda x: tf.sigmoid(1.0 * x) * x,
        tf.nn.silu,
    ],
    "mish": [lambda x: x * tf.tanh(tf.nn.softplus(x))],
    "gelu": [
        lambda x: 0.5 * x * (1.0 + tf.math.erf(x / 2.0**0.5)),
        lambda x: x * (0.5 * (1.0 + tf.math.erf(x * 0.5**0.5))),
        lambda x: tf.nn.gelu(x, approximate=False),
    ],
    "hard_silu": [
        lambda x: x * tf.nn.relu6(x + 3.0) / 6.0,
        lambda x: x * (tf.nn.relu6(x + 3.0) * (1 / 6)),
        lambda x: tf.nn.relu6(3.0 + x) / 6.0 * x,
        lambda x: x * tf.clip_by_value(x + 3.0, 0.0, 6.0) / 6.0,
    ],
    "hard_sigmoid": [
        lambda x: tf.nn.relu6(x + 3.0) / 6.0,
        lambda x: tf.minimum(tf.nn.relu(x + 3.0), 6.0) * (1 / 6),
    ],
    "softplus": [lambda x: tf.math.log(1.0 + tf.exp(x)), tf.nn.softplus],
    "log_sigmoid": [lambda x: -tf.nn.softplus(-x)],
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_several_operations(tmp_path, name):
    forms = ACTIVATIONS[name]
    path = save(
        tmp_path / "m", lambda x: {str(i): f(x) for i, f in enumerate(forms)}, (None, 4)
    )
    assert names(load_model(path)) == [name] * len(forms)


def test_patterns(tmp_path):
    def function(x, y):
        return {"a": tf.sigmoid(tf.identity(x)) * x, "b": tf.sigmoid(y) * x * 3.0}

    path = save(tmp_path / "m", function, (None, 4), (None, 4))
    network = Network(read_frozen(path))
    network.fold()
    a, b = network.outputs["a"], network.outputs["b"]
    silu, other = (
        Op("Mul", X, Op("Sigmoid", X)),
        Op("Mul", X, Op("Sigmoid", LiveTensor("z"))),
    )
    assert match(silu, a, network)["x"].name == network.inputs["x0"].name
    assert match(Op("Mul", silu, number(3.0)), b, network) is None
    found = match(Op("Mul", Const("c"), other), b, network)
    assert found["c"] == 3.0 and found["z"].name == network.inputs["x1"].name
    assert match(Op("Mul", other, number(3.0)), b, network) is not None
    assert match(Op("Mul", other, number(3.001)), b, network) is None


def test_ids_that_wrap_around_elsewhere(tmp_path):
    table = np.eye(7, dtype=np.float32)

    def function(x):
        return tf.gather(table, tf.where(x < 0, x + 3, x))

    model = load_model(save(tmp_path / "m", function, (None, 4), dtype=tf.int32))
    assert {"Where", "Embedding"} <= set(kinds(model))


def test_the_tanh_form_of_gelu(tmp_path):
    path = save(tmp_path / "m", lambda x: tf.nn.gelu(x, approximate=True), (None, 4))
    assert kinds(load_model(path)) == ["Gelu"]


def relu_forms(x):
    return {
        "a": tf.maximum(x, 0.0),
        "b": tf.minimum(tf.nn.relu(x), 5.0),
        "c": tf.clip_by_value(x, 0.0, 4.0),
        "d": tf.maximum(x, 0.25 * x),
        "e": tf.nn.leaky_relu(x, 0.1),
        "f": tf.nn.relu(x) - 0.3 * tf.nn.relu(-x),
        "g": tf.nn.relu(x) + (-SLOPE) * tf.nn.relu(-x),
        "h": tf.nn.relu6(x),
    }


def test_forms_of_relu(tmp_path):
    model = load_model(save(tmp_path / "m", relu_forms, (None, 3, 4)))
    found = {
        name: keras.Model(model.inputs, tensor).layers[-1]
        for name, tensor in model.output.items()
    }
    assert [found[k].max_value for k in "abch"] == [None, 5.0, 4.0, 6.0]
    slopes = [found[k].negative_slope for k in "def"]
    np.testing.assert_allclose(slopes, [0.25, 0.1, 0.3])
    np.testing.assert_array_equal(found["g"].alpha, SLOPE[None])
    assert kinds(model).count("ReLU") == 4 and len(kinds(model)) == 8


@pytest.mark.parametrize("own", [layers.PReLU(), layers.PReLU(shared_axes=[1, 2])])
def test_prelu(tmp_path, own):
    model = keras.Sequential([keras.Input((3, 3, 4)), own])
    rebuilt = load_model(export(model, tmp_path / "m"))
    assert kinds(rebuilt) == ["PReLU"]
    np.testing.assert_array_equal(rebuilt.layers[1].alpha, own.alpha)


NAMED = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "gelu", "mish"),
    *("hard_sigmoid", "hard_silu", "hard_tanh", "soft_shrink", "hard_shrink"),
    *("softsign", "softplus", "sparse_plus", "squareplus", "tanh_shrink", "glu"),
    *("sigmoid", "log_sigmoid", "tanh", "softmax", "log_softmax", "exponential"),
)


def test_all_activations_of_keras(tmp_path):
    x = keras.Input((4,))
    named = {name: layers.Activation(name, name=name)(x) for name in NAMED}
    model = keras.Model(x, named)
    rebuilt = load_model(export(model, tmp_path / "m"))
    data = np.linspace(-4, 4, 32, dtype=np.float32).reshape(8, 4)
    wanted, got = model(data), rebuilt(data)
    for name in NAMED:
        np.testing.assert_allclose(got[name], wanted[name], atol=1e-5, err_msg=name)


def moments(x):
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return mean, tf.math.rsqrt(variance + 1e-2)


LAYER_NORMS = {
    "batchnorm": lambda x: tf.nn.batch_normalization(
        x, *tf.nn.moments(x, [-1], keepdims=True), BETA, GAMMA, 1e-2
    ),
    "centred": lambda x: (x - moments(x)[0]) * moments(x)[1] * GAMMA + BETA,
    "divided": lambda x: (
        (x - tf.reduce_mean(x, -1, True))
        / tf.sqrt(tf.math.reduce_variance(x, -1, True) + 1e-2)
    ),
    "without_gamma": lambda x: tf.nn.batch_normalization(
        x, *tf.nn.moments(x, [-1], keepdims=True), BETA, None, 1e-2
    ),
    "without_beta": lambda x: tf.nn.batch_normalization(
        x, *tf.nn.moments(x, [-1], keepdims=True), None, GAMMA, 1e-2
    ),
}


@pytest.mark.parametrize("name", LAYER_NORMS)
def test_layer_normalisation(tmp_path, name):
    model = load_model(save(tmp_path / "m", LAYER_NORMS[name], (None, 5, 4)))
    assert kinds(model) == ["LayerNormalization"]
    layer = model.layers[1]
    assert layer.epsilon == pytest.approx(1e-2)
    assert layer.scale == (name not in ("divided", "without_gamma"))
    assert layer.center == (name not in ("divided", "without_beta"))


def test_over_other_axes_it_stays_arithmetic(tmp_path):
    def function(x):
        mean, variance = tf.nn.moments(x, [1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, BETA, GAMMA, 1e-2)

    model = load_model(save(tmp_path / "m", function, (None, 5, 4)))
    assert "LayerNormalization" not in kinds(model)


def test_constants_become_one_gain_and_offset(tmp_path):
    def function(x):
        return {"a": (x * 2.0 - 1.0) / 4.0 + 3.0, "b": GAMMA * (BETA - x / 2.0) + 1.0}

    model = load_model(save(tmp_path / "m", function, (None, 5, 4)))
    assert sorted(kinds(model)) == ["BatchNormalization", "Rescaling"]
    scaled = next(x for x in model.layers if isinstance(x, layers.Rescaling))
    assert (scaled.scale, scaled.offset) == (0.5, 2.75)
    norm = next(x for x in model.layers if isinstance(x, layers.BatchNormalization))
    np.testing.assert_allclose(norm.gamma, -GAMMA / 2)
    np.testing.assert_allclose(norm.beta, GAMMA * BETA + 1)


def test_a_bias_read_elsewhere_stays_apart(tmp_path):
    kernel = np.ones((4, 3), np.float32)

    def function(x):
        y = tf.matmul(x, kernel)
        return {"raw": y, "biased": y + BETA[:3]}

    model = load_model(save(tmp_path / "m", function, (None, 4)))
    assert sorted(kinds(model)) == ["BatchNormalization", "Dense"]
    assert not model.layers[1].use_bias


def test_a_number_beside_a_tensor_of_another_shape(tmp_path):
    """Constants that are neither a number nor per channel stay what they are."""
    table = np.random.default_rng(0).normal(size=(1, 5, 4)).astype(np.float32)
    model = load_model(save(tmp_path / "m", lambda x: x + table, (None, 5, 4)))
    assert kinds(model) == ["Add"]
    x = np.ones((3, 5, 4), np.float32)
    np.testing.assert_array_equal(model(x), x + table)


def test_keras_and_rebuilt_agree_on_activation_stacks(tmp_path):
    stack = [layers.Dense(8, "silu"), layers.Dense(8, "gelu"), layers.Dense(3, "mish")]
    model = keras.Sequential([keras.Input((5,)), *stack])
    rebuilt = load_model(export(model, tmp_path / "m"))
    assert kinds(rebuilt) == ["Dense", "Activation"] * 3
    assert_equal(rebuilt, model, np.ones((3, 5), np.float32))
