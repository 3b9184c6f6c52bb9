"""Conditions of TensorFlow 1 that ask for training are decided for inference."""

import numpy as np
import pytest
import tensorflow as tf
from graph_files import array, condition, either, graph_of, run, v1, write
from saved_model_files import kinds

import tfsnn
from tfsnn.sources import load_model

KERNEL, X = array(4, 4), array(5, 4)


def dropout(x, asked):
    y = tf.matmul(x, KERNEL)
    dropped = either(asked, lambda: v1.nn.dropout(y, rate=0.5), lambda: tf.identity(y))
    return tf.nn.relu(dropped, name="y")


def negated(x, asked):
    y = tf.matmul(x, KERNEL)
    inference = tf.logical_not(tf.logical_not(tf.logical_not(asked)))
    kept = either(inference, lambda: tf.identity(y), lambda: v1.nn.dropout(y, rate=0.5))
    return tf.nn.relu(kept, name="y")


def normalised(x, asked):
    y = tf.reshape(tf.matmul(x, KERNEL), (-1, 1, 1, 4))

    def norm(training):
        statistics = ([], []) if training else ([0.5] * 4, [2.0] * 4)
        return tf.raw_ops.FusedBatchNormV3(
            x=y,
            scale=[1.0, 2.0, 3.0, 4.0],
            offset=[1.0] * 4,
            mean=np.asarray(statistics[0], np.float32),
            variance=np.asarray(statistics[1], np.float32),
            is_training=training,
        )[0]

    return tf.nn.relu(either(asked, lambda: norm(True), lambda: norm(False)), name="y")


def named(x, asked):
    """Only the name tells."""
    scaled = either(asked, lambda: x * 2.0, lambda: x * 3.0)
    return tf.nn.relu(tf.matmul(scaled, KERNEL), name="y")


@pytest.mark.parametrize("default", [None, True, False])
@pytest.mark.parametrize("function", [dropout, negated, normalised])
def test_training_is_left_out(tmp_path, function, default):
    graph_def = graph_of(lambda x: function(x, condition("asked", default)), (4,))
    path = write(tmp_path / "g.pb", graph_def)
    model = load_model(path)
    (wanted,) = run(graph_def, {"x0:0": X, "asked:0": False}, "y")
    np.testing.assert_allclose(model(X), wanted, rtol=1e-4, atol=1e-5)
    assert len(model.inputs) == 1 and "ReLU" in kinds(model)


@pytest.mark.parametrize(
    ("name", "default", "taken"),
    [("phase_train", None, False), ("which", True, True), ("which", False, False)],
)
def test_a_name_or_a_default_tells(tmp_path, name, default, taken):
    graph_def = graph_of(lambda x: named(x, condition(name, default)), (4,))
    model = load_model(write(tmp_path / "g.pb", graph_def))
    (wanted,) = run(graph_def, {"x0:0": X, f"{name}:0": taken}, "y")
    np.testing.assert_allclose(model(X), wanted, rtol=1e-5, atol=1e-5)


def test_nothing_tells(tmp_path):
    graph_def = graph_of(lambda x: named(x, condition("which")), (4,))
    with pytest.raises(tfsnn.TfsnnError, match="which"):
        load_model(write(tmp_path / "g.pb", graph_def))


def test_conditions_within_conditions(tmp_path):
    """What only they led to is no output, and what they led to is no input."""

    def function(x):
        asked = condition("training", True)
        y = v1.placeholder(tf.float32, (None, 4), "augmented")

        def inner():
            return either(asked, lambda: v1.nn.dropout(x + y, rate=0.5), lambda: x)

        tf.matmul(either(asked, inner, lambda: x), KERNEL, name="y")

    model = load_model(write(tmp_path / "g.pb", graph_of(function, (4,))))
    assert kinds(model) == ["Dense"] and model.input.name == "x0"
    np.testing.assert_allclose(model(X), X @ KERNEL, atol=1e-5)


def as_in_tensorflow_1(x, keep):
    drawn = tf.raw_ops.RandomUniform(shape=tf.shape(x), dtype=tf.float32)
    u = drawn * tf.constant(1.0) + tf.constant(0.0)
    return x / keep * tf.floor(keep + u)


def as_a_product(x, keep):
    drawn = tf.raw_ops.RandomUniform(shape=tf.shape(x), dtype=tf.float32)
    return x * (1 / keep) * tf.cast(drawn >= 1 - keep, tf.float32)


def as_today(x, keep):
    return v1.nn.dropout(x, keep_prob=keep)


@pytest.mark.parametrize("given", ["constant", "placeholder", "default"])
@pytest.mark.parametrize("dropout", [as_in_tensorflow_1, as_a_product, as_today])
def test_dropout_that_was_left_drops_nothing(tmp_path, dropout, given):
    def function(x):
        keep = tf.constant(0.25)
        if given == "placeholder":
            keep = v1.placeholder(tf.float32, (), "keep_prob")
        elif given == "default":
            keep = v1.placeholder_with_default(keep, (), "keep_prob")
        y = dropout(tf.nn.relu(tf.matmul(x, KERNEL)), keep)
        tf.matmul(y, KERNEL, name="y")

    model = load_model(write(tmp_path / "g.pb", graph_of(function, (4,))))
    assert kinds(model) == ["Dense", "ReLU", "Dense"] and model.input.name == "x0"
    wanted = np.maximum(X @ KERNEL, 0) @ KERNEL
    np.testing.assert_allclose(model(X), wanted, rtol=1e-4, atol=1e-5)


def test_noise_is_no_dropout(tmp_path):
    def function(x):
        drawn = tf.raw_ops.RandomUniform(shape=tf.shape(x), dtype=tf.float32)
        tf.matmul(x * (drawn + 1), KERNEL, name="y")

    with pytest.raises(tfsnn.UnsupportedError, match=r"\(RandomUniform\)"):
        load_model(write(tmp_path / "g.pb", graph_of(function, (4,))))
