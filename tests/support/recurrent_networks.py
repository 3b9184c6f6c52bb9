"""Small recurrent models, and sequences for them."""

import functools

import keras
import models
import numpy as np
from keras import layers

import tfsnn


def gru():
    """A GRU between layers with ReLUs, and an LSTM; sequences of any length."""
    return keras.Sequential(
        [
            keras.Input((None, 3)),
            layers.TimeDistributed(layers.Dense(6, activation="relu", name="in")),
            layers.GRU(5, return_sequences=True, name="gru"),
            layers.Dense(6, activation="relu", name="middle"),
            layers.LSTM(4, name="lstm"),
            layers.Dense(3, activation="softmax", name="last"),
        ],
        name="online",
    )


def sequences(count=12, frames=6, features=3, seed=1):
    """Sequences ``(count, frames, features)`` of normal numbers."""
    drawn = np.random.default_rng(seed).normal(size=(count, frames, features))
    return drawn.astype(np.float32)


@functools.cache
def online(method="ttfs", **options):
    """A model and its network over time, which no test changes."""
    model = models.randomise(gru())
    return model, tfsnn.convert(model, sequences(), method, over_time=True, **options)


def prefixes(model, x):
    """What a model says of the first 1, 2, ... elements, ``(F, B, ...)``."""
    return [np.asarray(model(x[:, : frame + 1])) for frame in range(x.shape[1])]
