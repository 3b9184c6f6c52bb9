"""Segmentation: a digit of MNIST on a photograph of CIFAR-10, pixel by pixel."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from keras import layers

from benchmarks.tasks.images import Sets, pick, places
from benchmarks.tasks.parts import u_shaped
from benchmarks.tasks.problem import Problem

INK = 0.5  # from which on a pixel is the digit's


def draw(
    sets: Sets, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw photographs ``(N, 32, 32, 3)`` with a digit in a colour of its own.

    Labels are ``(N, 32, 32)``: 0 for the photograph, 1 more than the digit on it.
    """
    photographs, _ = pick(sets["cifar10"], rng, count)
    digits, classes = pick(sets["mnist"], rng, count)
    ink = np.zeros((count, 32, 32, 1), np.float32)
    for i, (row, column) in enumerate(places(rng, count, 4)):
        ink[i, row : row + 28, column : column + 28] = digits[i]
    colours = rng.uniform(0, 1, (count, 1, 1, 3)).astype(np.float32)
    x = photographs * (1 - ink) + colours * ink
    marked = ink[..., 0] > INK
    return x, np.where(marked, 1 + classes[:, None, None], 0)


def draw_mask(
    sets: Sets, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the same with masks ``(N, 32, 32, 1)``: 1 for the digit's pixels."""
    x, classes = draw(sets, rng, count)
    return x, (classes > 0).astype(np.int64)[..., None]


def build(width: int) -> keras.Model:
    """Build a U-shaped network with scores of 11 classes for each pixel."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(11, 1)(u_shaped(inputs, width))
    outputs = layers.Softmax(name="digit")(x)
    return keras.Model(inputs, outputs, name="places")


def build_mask(width: int) -> keras.Model:
    """Build a U-shaped network with one sigmoid for each pixel."""
    inputs = keras.Input((32, 32, 3))
    x = u_shaped(inputs, width, stages=1)
    outputs = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(x)
    return keras.Model(inputs, outputs, name="mask")


PROBLEM = Problem(
    "The digit of MNIST, or none, at each pixel of a photograph of CIFAR-10",
    "places",
    draw,
    build,
    "sparse_categorical_crossentropy",
    samples=8_000,
    epochs=14,
    rate=1e-2,
    batch=32,
    width=8,
)
MASK = replace(
    PROBLEM,
    about="The pixels of such a digit, by one sigmoid each",
    draw=draw_mask,
    build=build_mask,
    loss="binary_crossentropy",
    samples=8_000,
    epochs=3,
)
