"""Digests of models change with what counts, and with nothing else."""

import keras
import models
import pytest
from keras import layers

from tfsnn.network.digest import model_digest
from tfsnn.sources import import_model


def of_model(model):
    return model_digest(import_model(model))


@pytest.mark.parametrize("name", models.MODELS)
def test_the_same_model_under_other_names(name):
    one, other = (models.randomise(models.MODELS[name]()) for _ in range(2))
    assert [layer.name for layer in one.layers] != [
        layer.name for layer in other.layers
    ]
    assert of_model(one) == of_model(other)
    other.weights[-1].assign(other.weights[-1] + 1)
    assert of_model(one) != of_model(other)


def test_structure_counts_without_weights():
    def model(activation, swapped):
        x = keras.Input((4,))
        a, b = layers.ReLU()(x), layers.Activation(activation)(x)
        return keras.Model(x, layers.Subtract()([b, a] if swapped else [a, b]))

    found = [of_model(model(*of)) for of in (("tanh", 0), ("tanh", 1), ("gelu", 0))]
    assert len(set(found)) == 3
