"""The ANN, run as it is: its inputs by name, its outputs in order."""

import keras
import models
import numpy as np
import pytest
from keras import layers

from tfsnn.sources.keras_model.forward import all_outputs


def heads(x):
    """Two outputs of different sizes."""
    return layers.Dense(2, name="wide")(x), layers.Dense(4, name="narrow")(x)


STRUCTURES = {
    "one": lambda wide, narrow: wide,
    "list": lambda wide, narrow: [wide, narrow],
    "dict": lambda wide, narrow: {"z": wide, "a": narrow},  # not sorted
    "nested": lambda wide, narrow: [{"z": wide}, narrow],
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_outputs_are_a_list_in_the_order_of_the_model(name):
    x = keras.Input((3,))
    model = models.randomise(keras.Model(x, STRUCTURES[name](*heads(x))))
    values = models.samples(model, 5)
    found = all_outputs(model)(values)
    assert [y.shape for y in found] == [(5, 2), (5, 4)][: 1 if name == "one" else 2]
    kernel, bias = model.get_layer("wide").get_weights()
    np.testing.assert_allclose(found[0], values @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_several_inputs_are_taken_by_name():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    model = keras.Model({"b": b, "a": a}, layers.Concatenate()([a, b]))
    x = {"a": np.ones((4, 2), np.float32), "b": np.zeros((4, 3), np.float32)}
    (found,) = all_outputs(model)(x)
    assert found.numpy().tolist() == 4 * [[1, 1, 0, 0, 0]]
