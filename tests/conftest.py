"""Quiet TensorFlow and the same random numbers in every test."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import models
import numpy as np
import pytest
from keras import layers

from tfsnn.calibrate import calibrate
from tfsnn.passes import simplify
from tfsnn.sources import import_model


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def calibrated():
    """By model: the graph and its statistics."""
    found = {}
    for name in ("cnn", "residual", "depthwise", "reshaped"):
        model = models.randomise(models.MODELS[name]())
        graph = simplify(import_model(model))
        found[name] = graph, calibrate(graph, [models.samples(model, 30)])
    return found


@pytest.fixture(scope="session")
def trained():
    """A convolutional network that has learnt something; and unseen data."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 300)
    x = rng.normal(0, 0.4, (300, 6, 6, 2)).astype(np.float32)
    for i, label in enumerate(y):
        x[i, 2 * label : 2 * label + 2, :, label % 2] += 1
    model = models.randomise(models.cnn())
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(x[:200], y[:200], epochs=4, verbose=0)
    logits = keras.Sequential([keras.Input((6, 6, 2)), *model.layers[:-1]])
    logits.add(layers.Dense(3))
    logits.layers[-1].set_weights(model.layers[-1].get_weights())
    return logits, x
