"""Copies of networks with other layers in place of ReLUs compute what they should."""

import keras
import numpy as np
import pytest
from keras import layers as L

from tfsnn.errors import ModelError
from tfsnn.training.swap import swapped


@pytest.fixture(scope="module")
def network():
    """ReLUs in all forms, a network inside, a layer used twice, a batch norm."""
    image = keras.Input((6, 6, 2))
    x = L.Conv2D(3, 3, activation="relu", name="conv")(image)
    x = keras.ops.relu6(L.BatchNormalization()(x))
    x = L.MaxPooling2D(name="pool")(x)
    inner = keras.Sequential(
        [keras.Input(x.shape[1:]), L.Flatten(), L.Dense(4, "relu", name="inside")]
    )
    twice = L.Dense(4, "relu", name="twice")
    x = L.Activation("relu", name="activation")(L.Dense(4)(twice(twice(inner(x)))))
    x = L.ReLU(6.0, name="layer")(L.LeakyReLU(name="leaky")(x))
    return keras.Model(image, L.Dense(2, "softmax")(x))


def test_equal_activations_leave_outputs_as_they_are(network):
    found = []

    def make(name):
        found.append(name)
        return L.ReLU(6.0 if name[:5] in ("relu6", "layer") else None, name=f"{name}_2")

    copy = swapped(network, make)
    assert [name[:5] for name in sorted(found)] == sorted(
        ["conv", "relu6", "insid", "twice", "activ", "layer"]
    )
    x = np.random.default_rng(0).normal(size=(5, 6, 6, 2)).astype(np.float32)
    np.testing.assert_array_equal(copy(x), network(x))
    before, kernel = network(x), copy.get_layer("conv").kernel
    kernel.assign(kernel + 1.0)
    np.testing.assert_array_equal(network(x), before)


def test_other_activations_change_them_and_other_layers_can_be_swapped(network):
    def average(layer):
        if isinstance(layer, L.MaxPooling2D):
            return L.AveragePooling2D.from_config(layer.get_config())
        return None

    copy = swapped(network, lambda name: L.Rescaling(0.5, name=f"{name}_2"), average)
    assert isinstance(copy.get_layer("pool"), L.AveragePooling2D)
    assert isinstance(copy.get_layer("leaky"), L.LeakyReLU)
    x = np.random.default_rng(0).normal(size=(5, 6, 6, 2)).astype(np.float32)
    conv = network.get_layer("conv")
    product = keras.ops.conv(x, conv.kernel) + conv.bias
    halves = keras.Model(copy.input, copy.get_layer("conv_2").output)(x)
    np.testing.assert_allclose(halves, product / 2, atol=1e-6)


def test_networks_that_cannot_be_copied_are_refused():
    with pytest.raises(ModelError, match="no fixed input shape: give a Functional"):
        swapped(keras.Sequential([L.Dense(3)], name="open"), L.ReLU)
    linear = keras.Sequential([keras.Input((2,)), L.Dense(3)], name="linear")
    with pytest.raises(ModelError, match="linear has no ReLU"):
        swapped(linear, L.ReLU)
    gated = keras.Sequential([keras.Input((2, 2)), L.SimpleRNN(3, activation="relu")])
    with pytest.raises(ModelError, match="has no ReLU"):
        swapped(gated, L.ReLU)
