"""Functions of TensorFlow in models of Keras 2 become operations of Keras 3."""

import keras2_functions
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from keras2_samples import SHAPES, samples
from keras_files import config_of

import tfsnn
from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.keras2.functions import FUNCTIONS

old = tf_keras.layers


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A model of all calls, its outputs, and its files."""
    inputs = [
        old.Input(shape, name=name, dtype="int32" if name == "i" else "float32")
        for name, shape in SHAPES.items()
    ]
    outputs = {name: call(*inputs) for name, call in keras2_functions.CALLS.items()}
    model = tf_keras.Model(inputs, list(outputs.values()))
    folder = tmp_path_factory.mktemp("functions")
    for suffix in (".h5", ".keras"):
        model.save(folder / f"model{suffix}")
    expected = dict(zip(outputs, model(samples()), strict=True))
    return expected, folder


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_functions_of_tensorflow_compute_the_same(suffix, written):
    expected, folder = written
    found = tfsnn.load_model(folder / f"model{suffix}")(samples())
    wrong = []
    for (name, theirs), ours in zip(expected.items(), found, strict=True):
        close = np.allclose(ours, theirs, rtol=1e-5, atol=1e-6, equal_nan=True)
        if ours.shape != theirs.shape or not close:
            wrong.append(name)
    assert not wrong


# Names of functions that files of older versions may hold.
OLDER = {
    *("linalg.norm", "math.divide", "math.floordiv", "math.logical_xor", "math.mod"),
    "nn.max_pool",
}


def test_every_function_of_the_table_is_called(written):
    layers = config_of(written[1] / "model.h5")["config"]["layers"]
    called = {
        layer["config"].get("function", "").removeprefix("compat.v1.")
        for layer in layers
    }
    assert sorted(set(FUNCTIONS) - called) == sorted(OLDER)


def refusal(tmp_path, call, shape=(3, 4)):
    """What is said of a model that calls a function of TensorFlow."""
    x = old.Input(shape)
    tf_keras.Model(x, call(x)).save(tmp_path / "model.h5")
    with pytest.raises(ModelError) as caught:
        tfsnn.load_model(tmp_path / "model.h5")
    return str(caught.value)


@pytest.mark.filterwarnings("ignore")
def test_a_function_without_an_operation_is_named(tmp_path):
    said = refusal(tmp_path, tf.math.lgamma)
    assert "tf.math.lgamma (TFOpLambda) calls tf.math.lgamma" in said
    assert "model.export" in said and "Python code" not in said


@pytest.mark.filterwarnings("ignore")
def test_an_argument_without_an_equal_is_named(tmp_path):
    said = refusal(tmp_path, lambda x: tf.cumsum(x, axis=1, exclusive=True))
    assert "calls tf.math.cumsum with exclusive=True, which keras.ops has not" in said


@pytest.mark.filterwarnings("ignore")
def test_a_size_that_the_network_computes_is_named(tmp_path):
    said = refusal(tmp_path, lambda x: tf.tile(x, [1, tf.shape(x)[1], 1]))
    assert "tf.tile" in said and "(TFOpLambda) computes an argument" in said


@pytest.mark.filterwarnings("ignore")
def test_a_function_may_be_called_in_a_model_that_is_called_twice(rng, tmp_path):
    a = old.Input((4,))
    inner = tf_keras.Model(a, tf.nn.relu(a - 0.2) * 3)
    x = old.Input((4,))
    model = tf_keras.Model(x, inner(inner(x)) + inner(1 - x))
    samples = rng.random((3, 4), np.float32)
    for suffix in (".h5", ".keras"):
        model.save(tmp_path / f"model{suffix}")
        found = tfsnn.load_model(tmp_path / f"model{suffix}")
        np.testing.assert_allclose(found(samples), model(samples), rtol=1e-6)
