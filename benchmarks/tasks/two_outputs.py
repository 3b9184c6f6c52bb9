"""Two outputs of one network: which digit of MNIST it is, and how it is turned."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from benchmarks.tasks.images import Sets, pick, turned
from benchmarks.tasks.parts import features
from benchmarks.tasks.problem import Problem
from benchmarks.tasks.regression import MOST


def draw(
    sets: Sets, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draw turned digits ``(N, 28, 28, 1)``, classes ``(N,)``, angles ``(N, 1)``."""
    digits, classes = pick(sets["mnist"], rng, count)
    angles = rng.uniform(-MOST, MOST, count)
    labels = {"angle": angles[:, None].astype(np.float32), "digit": classes}
    return turned(digits, angles), labels


def build(width: int) -> keras.Model:
    """Build a network with a softmax and a linear unit, by name; the number first."""
    inputs = keras.Input((28, 28, 1))
    x = layers.Flatten()(features(inputs, width))
    x = layers.Dense(4 * width, activation="relu")(x)
    outputs = {
        "angle": layers.Dense(1, name="angle")(x),
        "digit": layers.Dense(10, activation="softmax", name="digit")(x),
    }
    return keras.Model(inputs, outputs, name="two_outputs")


PROBLEM = Problem(
    "The digit of MNIST, and the angle by which it is turned",
    {"angle": "regression", "digit": "classification"},
    draw,
    build,
    {"angle": "mse", "digit": "sparse_categorical_crossentropy"},
    samples=30_000,
    epochs=5,
)
