"""Quiet TensorFlow and the same random numbers in every test."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import models
import numpy as np
import pytest

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
