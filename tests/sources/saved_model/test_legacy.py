"""SavedModels of Keras 2 are rebuilt, layer for layer."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from saved_model_files import draw, kinds

from tfsnn.sources import load_model

old = tf_keras.layers


def legacy(path, shape, *stack):
    """Save a Keras 2 model with weights that are not trivial, rebuild it, compare."""
    rng = np.random.default_rng(0)
    model = tf_keras.Sequential([old.Input(shape), *stack])
    for weight in model.weights:
        values = 0.4 * rng.normal(size=weight.shape)
        positive = "variance" in weight.name or "gamma" in weight.name
        weight.assign(0.5 + np.abs(values) if positive else values)
    tf.saved_model.save(model, str(path))
    rebuilt = load_model(path)
    x = draw(rng, 4, *shape)
    np.testing.assert_allclose(rebuilt(x), model(x, training=False), atol=2e-5)
    return rebuilt


@pytest.mark.slow
def test_a_keras_2_cnn(tmp_path):
    rebuilt = legacy(
        tmp_path / "m",
        (12, 12, 2),
        old.Conv2D(4, 3, dilation_rate=2, padding="same", name="dilated"),
        old.BatchNormalization(name="norm"),
        old.LeakyReLU(0.2),
        old.SeparableConv2D(4, 3, dilation_rate=2, use_bias=False),
        old.PReLU(shared_axes=[1, 2]),
        old.UpSampling2D(2),
        old.Conv2DTranspose(3, 3, strides=2, padding="same"),
        old.MaxPooling2D(2),
        old.Activation("swish"),
        old.GlobalAveragePooling2D(),
        old.Dense(3, activation="softmax"),
    )
    assert kinds(rebuilt) == [
        "Conv2D",
        "BatchNormalization",
        "LeakyReLU",
        "DepthwiseConv2D",
        "Conv2D",
        "PReLU",
        "UpSampling2D",
        "Conv2DTranspose",
        "MaxPooling2D",
        "Activation",
        "GlobalAveragePooling2D",
        "Dense",
        "Softmax",
    ]
    assert [layer.name for layer in rebuilt.layers[1:3]] == ["dilated", "norm"]
    assert rebuilt.get_layer("norm").epsilon == pytest.approx(1e-3)
    assert rebuilt.get_layer("dilated").dilation_rate == (2, 2)


@pytest.mark.slow
def test_keras_2_on_more_axes(tmp_path):
    """Dense there is Reshape, MatMul, Reshape, and merges time with the batch."""
    rebuilt = legacy(
        tmp_path / "m",
        (5, 4),
        old.Dense(6, activation="relu"),
        old.LayerNormalization(epsilon=1e-2),
        old.Conv1D(3, 2, dilation_rate=2),
        old.TimeDistributed(old.Dense(4)),
        old.Flatten(),
        old.BatchNormalization(),
    )
    assert kinds(rebuilt) == [
        "Dense",
        "ReLU",
        "LayerNormalization",
        "Conv1D",
        "Dense",
        "Flatten",
        "BatchNormalization",
    ]


def test_keras_2_time_distributed_images(tmp_path):
    stack = old.Conv2D(3, 3), old.MaxPooling2D(2), old.Activation("hard_sigmoid")
    rebuilt = legacy(tmp_path / "m", (3, 8, 8, 2), *map(old.TimeDistributed, stack))
    assert kinds(rebuilt).count("TimeDistributed") == 2


def test_a_keras_2_group_normalization(tmp_path):
    legacy(tmp_path / "m", (4, 4, 6), old.GroupNormalization(3))
