"""A small network for each task, with samples and labels."""

import functools

import keras
import models
import numpy as np
from keras import layers

import tfsnn

SAMPLES = 40


def inputs_and_hidden():
    """An image, and a convolution of it."""
    x = keras.Input((8, 8, 3), name="image")
    return x, layers.Conv2D(8, 3, padding="same", activation="relu")(x)


def heads(hidden):
    """The output of a network for each task, by name."""
    flat = layers.Flatten()(hidden)
    return {
        "classification": layers.Dense(4, activation="softmax", name="classes")(flat),
        "binary": layers.Dense(1, activation="sigmoid", name="yes")(flat),
        "multilabel": layers.Dense(4, activation="sigmoid", name="tags")(flat),
        "regression": layers.Dense(2, name="numbers")(flat),
        "places": layers.Conv2D(5, 1, activation="softmax", name="mask")(hidden),
        "image": layers.Conv2D(3, 1, name="picture")(hidden),
        "embedding": layers.UnitNormalization(name="vector")(layers.Dense(6)(flat)),
    }


TASKS = ("classification", "binary", "multilabel", "regression", "places", "image")
TASKS += ("embedding",)


def samples(count=SAMPLES):
    """Images in 0..1."""
    rng = np.random.default_rng(0)
    return rng.uniform(0, 1, (count, 8, 8, 3)).astype(np.float32)


def labels(task, x):
    """Labels of a task by chance, in its usual form."""
    rng, n = np.random.default_rng(1), len(x)
    return {
        "classification": lambda: rng.integers(0, 4, n),
        "binary": lambda: rng.integers(0, 2, n),
        "multilabel": lambda: rng.integers(0, 2, (n, 4)),
        "regression": lambda: x[:, 0, 0, :2] + rng.normal(size=(n, 2)),
        "places": lambda: rng.integers(0, 5, (n, 8, 8)),
        "image": lambda: np.clip(x + rng.normal(0, 0.1, x.shape), 0, 1),
        "embedding": lambda: np.arange(n) % 4,
    }[task]()


@functools.cache
def network(task):
    """A model, its SNN of two steps, samples and labels."""
    x, hidden = inputs_and_hidden()
    model = models.randomise(keras.Model(x, heads(hidden)[task], name=task))
    data = samples()
    y = labels(task, data)
    options = {"timesteps": 2, "correct": "none"}
    snn = tfsnn.convert(model, (data, y), "termapping", **options)
    return model, snn, data, y


@functools.cache
def two_outputs():
    """A model with numbers and classes, its SNN, samples and labels by output."""
    x, hidden = inputs_and_hidden()
    flat = layers.Flatten()(hidden)
    outputs = {
        "size": layers.Dense(1, name="size")(flat),
        "kind": layers.Dense(3, activation="softmax", name="kind")(flat),
    }
    model = models.randomise(keras.Model(x, outputs, name="two"))
    data = samples()
    options = {"timesteps": 2, "correct": "none"}
    snn = tfsnn.convert(model, data, "termapping", **options)
    y = {"size": data.mean((1, 2, 3)), "kind": np.arange(len(data)) % 3}
    return model, snn, data, y
