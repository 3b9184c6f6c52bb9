"""Max pooling before a gain: the outputs stay, bit for bit, and spikes are pooled."""

import keras
import models
import numpy as np
import pytest
from keras import layers

from tfsnn.network.nodes import Affine, Max
from tfsnn.network.passes.pool_before_affine import pool_before_affine
from tfsnn.sources import import_model

BN = layers.BatchNormalization


def scaled(name, *, sign=1):
    """A batch norm behind spikes whose gains have these signs, channel by channel."""
    x = keras.Input((6, 6, 2))
    a = layers.Conv2D(3, 3, activation="relu")(x)
    b = BN(name="norm")(a)
    if name == "alone":
        y = layers.MaxPooling2D(2)(b)
    elif name == "padded, overlapping":
        y = layers.MaxPooling2D(3, 1, padding="same")(b)
    elif name == "global":
        y = layers.GlobalMaxPooling2D()(b)
    elif name == "twice":
        y = layers.MaxPooling2D(2)(layers.Rescaling(-2.0, 1.0)(b))
    elif name == "two poolings":
        y = layers.MaxPooling2D(2, 1)(BN()(layers.MaxPooling2D(2, 1)(b)))
    else:  # read by others
        y = layers.Add()([layers.MaxPooling2D(1)(b), b])
    model = models.randomise(keras.Model(x, layers.Dense(2)(y)))
    norm = model.get_layer("norm")
    norm.gamma.assign(norm.gamma * np.float32(sign))
    return model


SCALED = {
    "alone": 1,
    "padded, overlapping": 1,
    "global": 1,
    "twice": 2,
    "two poolings": 2,
    "read by others": 1,
}


@pytest.mark.parametrize("sign", [[1, 1, 1], [1, -1, 0], [-1, -1, -1]])
@pytest.mark.parametrize("name", SCALED)
def test_max_pooling_goes_before_a_gain_of_spikes(name, sign):
    """Not a bit of the outputs changes, and no gain stands before a pooling."""
    model = scaled(name, sign=sign)
    before = import_model(model)
    after = pool_before_affine(before)
    x = models.samples(model, 4)
    expected, values = before.forward(x), after.forward(x)
    for output in before.outputs:
        assert (values[output].numpy() == expected[output].numpy()).all()
    gains = len(before.of_kind(Affine))
    assert len(after.of_kind(Affine)) == gains + (name == "read by others")
    for pool in after.of_kind(Max):
        assert not isinstance(after[pool.inputs[0]], Affine)
    falling = {i for i, each in enumerate(sign) if each < 0}
    if name == "twice":  # the other gain is negative as well
        falling = {0, 1, 2} - falling
    assert set(after.of_kind(Max)[0].minima) == falling
    assert pool_before_affine(after) is after


def currents():
    return [keras.Input((6, 6, 2)), BN(), layers.MaxPooling2D(2), layers.Dense(2)]


def for_each_place():
    means = np.arange(72.0).reshape(6, 6, 2) / 72
    place = layers.Normalization(axis=(1, 2, 3), mean=means, variance=means + 1)
    return [keras.Input((6, 6, 2)), layers.ReLU(), place, layers.MaxPooling2D(2)]


@pytest.mark.parametrize("stack", [currents, for_each_place])
def test_a_gain_of_currents_or_of_places_stays_before_its_pooling(stack):
    before = import_model(models.randomise(keras.Sequential(stack())))
    assert pool_before_affine(before) is before
