"""Functions of Keras and TensorFlow as activations of models in memory."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from handler_cases import check
from keras import layers, ops

import tfsnn
from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.network.nodes import Function, Rate
from tfsnn.sources import import_model
from tfsnn.sources.handlers import function_names
from tfsnn.sources.keras_model.forward import all_outputs

SPIKING = {
    "tf.nn.relu": tf.nn.relu,
    "tf.nn.relu6": tf.nn.relu6,
    "tf.nn.leaky_relu": tf.nn.leaky_relu,
    "tf.abs": tf.abs,
    "keras.ops.relu": ops.relu,
    "keras.ops.leaky_relu": ops.leaky_relu,
}
SMOOTH = {
    "tf.nn.gelu": (tf.nn.gelu, "gelu"),
    "keras.ops.gelu": (ops.gelu, "gelu"),
    "tf.nn.swish": (tf.nn.swish, "silu"),
    "tf.nn.silu": (tf.nn.silu, "silu"),
    "tf.tanh": (tf.tanh, "tanh"),
    "tf.sigmoid": (tf.sigmoid, "sigmoid"),
    "tf.nn.softsign": (tf.nn.softsign, "softsign"),
    "tf.math.softplus": (tf.math.softplus, "softplus"),
    "tf.math.sin": (tf.math.sin, "sin"),
    "tf.math.atan": (tf.math.atan, "arctan"),
    "tf.nn.softmax": (tf.nn.softmax, "softmax"),
    "tf.nn.log_softmax": (tf.nn.log_softmax, "log_softmax"),
    "tf.nn.elu": (tf.nn.elu, "elu"),
}


def with_activation(function, *, layer=False):
    x = keras.Input((5, 4))
    if layer:
        return keras.Model(x, layers.Activation(function)(layers.Dense(4)(x)))
    return keras.Model(x, layers.Dense(4, activation=function)(x))


@pytest.mark.parametrize("name", SPIKING)
def test_piecewise_linear_functions_spike(name):
    for layer in (False, True):
        graph = check(with_activation(SPIKING[name], layer=layer))
        assert graph.of_kind(Rate) and not graph.of_kind(Function)


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions_are_what_they_compute(name):
    function, op = SMOOTH[name]
    (node,) = check(with_activation(function)).of_kind(Function)
    assert node.op == op


@pytest.mark.parametrize("name", function_names.NAMES)
def test_functions_of_one_name_are_one(name):
    """In keras.ops, tf.nn and tf.math alike: the same values."""
    modules = (keras.activations, ops, tf.nn, tf.math)
    found = [getattr(m, name) for m in modules if hasattr(m, name)]
    assert found
    for function in found:
        check(with_activation(function))


@pytest.mark.parametrize("theirs", function_names.IN_TENSORFLOW)
def test_names_of_tensorflow(theirs):
    for module in (tf.nn, tf.math, tf):
        if hasattr(module, theirs):
            check(with_activation(getattr(module, theirs)))


def mine(x):
    return x * tf.nn.relu(x)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (mine, "activation 'mine' is not known"),
        (tf.nn.crelu, "activation 'crelu_v2' is not known"),
        (lambda x: x, "activation '<lambda>' is not known"),
    ],
)
def test_others_are_refused_by_name(function, words):
    x = keras.Input((4,))
    y = layers.Dense(4, activation="relu")(x)
    model = keras.Model(x, y)
    model.layers[1].activation = function
    with pytest.raises(UnsupportedError, match=words) as caught:
        import_model(model)
    assert "leaky_relu, log, log10" in str(caught.value)


def test_a_function_with_arguments_has_no_config():
    """Keras cannot say what such a model is; nothing else can be read."""
    model = with_activation(functools.partial(tf.nn.leaky_relu, alpha=0.1))
    with pytest.raises(ModelError, match=r"functools.partial\(.* such as LeakyR"):
        import_model(model)


def test_a_saved_network_with_such_an_activation_is_the_same(tmp_path):
    model = with_activation(tf.nn.leaky_relu)
    x = np.random.default_rng(0).normal(size=(20, 5, 4)).astype("float32")
    model.save(tmp_path / "ann.keras")
    loaded = tfsnn.load_model(tmp_path / "ann.keras")
    one, other = (tfsnn.convert(ann, x, timesteps=4) for ann in (model, loaded))
    assert (one(x).numpy() == other(x).numpy()).all()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_is_taken_as_float32(policy):
    """The graph computes in float32; weights are that already."""
    x = keras.Input((3, 8, 9))
    first = {"data_format": "channels_first", "dtype": policy}
    y = layers.Conv2D(4, 3, activation=tf.nn.relu, **first)(x)
    y = layers.BatchNormalization(axis=1, dtype=policy)(y)
    y = layers.MaxPooling2D(2, **first)(y)
    y = layers.Dense(3, activation=tf.nn.elu, dtype=policy)(layers.Flatten()(y))
    model = keras.Model(x, layers.Dense(2, dtype="float32")(y))
    graph = import_model(model)
    values = np.random.default_rng(0).normal(size=(4, 3, 8, 9)).astype("float32")
    (found,) = (graph.forward(tf.constant(values))[name] for name in graph.outputs)
    (ann,) = all_outputs(model)(values)
    np.testing.assert_allclose(found, ann, rtol=0.05, atol=0.05)
    assert np.std(ann) > 0.1
