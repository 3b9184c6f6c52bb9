"""Image to image: photographs of CIFAR-10 without the noise that was added."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from benchmarks.tasks.images import Sets, pick
from benchmarks.tasks.parts import u_shaped
from benchmarks.tasks.problem import Problem

NOISE = 0.1  # standard deviation, of values in [0, 1]


def draw(
    sets: Sets, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw photographs ``(N, 32, 32, 3)`` with Gaussian noise, and without."""
    clean, _ = pick(sets["cifar10"], rng, count)
    noise = rng.normal(0, NOISE, clean.shape).astype(np.float32)
    return clean + noise, clean


def build(width: int) -> keras.Model:
    """Build a U-shaped network that takes from its input what it finds to be noise."""
    inputs = keras.Input((32, 32, 3))
    noise = layers.Conv2D(3, 3, padding="same", kernel_initializer="zeros")(
        u_shaped(inputs, width, stages=2)
    )
    outputs = layers.Subtract(name="clean")([inputs, noise])
    return keras.Model(inputs, outputs, name="image")


PROBLEM = Problem(
    "A photograph of CIFAR-10 without the noise that was added to it",
    "image",
    draw,
    build,
    "mse",
    samples=8_000,
    epochs=4,
    width=8,
)
