"""Regression: by how much a digit of MNIST is turned."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from benchmarks.tasks.images import Sets, pick, turned
from benchmarks.tasks.parts import features
from benchmarks.tasks.problem import Problem

MOST = np.pi / 3  # radians, either way


def draw(
    sets: Sets, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw turned digits ``(N, 28, 28, 1)`` and their angles ``(N, 1)``, radians."""
    digits, _ = pick(sets["mnist"], rng, count)
    angles = rng.uniform(-MOST, MOST, count)
    return turned(digits, angles), angles[:, None].astype(np.float32)


def build(width: int) -> keras.Model:
    """Build a convolutional network with one linear unit."""
    inputs = keras.Input((28, 28, 1))
    x = layers.Flatten()(features(inputs, width))
    x = layers.Dense(4 * width, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(1, name="angle")(x), name="regression")


PROBLEM = Problem(
    "The angle by which a digit of MNIST is turned, up to 60° either way",
    "regression",
    draw,
    build,
    "mse",
    samples=30_000,
    epochs=5,
)
