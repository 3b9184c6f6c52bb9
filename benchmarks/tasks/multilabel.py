"""Several labels: which articles of Fashion-MNIST are on a picture."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from benchmarks.tasks.images import Sets, pick
from benchmarks.tasks.parts import features
from benchmarks.tasks.problem import Problem

CORNERS = ((0, 0), (0, 28), (28, 0), (28, 28))
MOST = 3  # articles on a picture


def draw(
    sets: Sets, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw pictures ``(N, 56, 56, 1)`` of 1 to 3 articles, and their classes' rows."""
    articles, classes = pick(sets["fashion_mnist"], rng, MOST * count)
    pictures = np.zeros((count, 56, 56, 1), np.float32)
    rows = np.zeros((count, 10), np.int64)
    numbers = rng.integers(1, MOST + 1, count)
    for i, number in enumerate(numbers):
        corners = rng.permutation(len(CORNERS))
        for j in range(number):
            row, column = CORNERS[corners[j]]
            article = articles[MOST * i + j]
            pictures[i, row : row + 28, column : column + 28] = article
            rows[i, classes[MOST * i + j]] = 1
    return pictures, rows


def build(width: int) -> keras.Model:
    """Build a convolutional network with ten sigmoids."""
    inputs = keras.Input((56, 56, 1))
    x = layers.MaxPooling2D(2)(features(inputs, width))
    x = layers.GlobalMaxPooling2D()(layers.MaxPooling2D(2)(features(x, 8 * width, 1)))
    outputs = layers.Dense(10, activation="sigmoid", name="articles")(x)
    return keras.Model(inputs, outputs, name="multilabel")


PROBLEM = Problem(
    "The articles of Fashion-MNIST, one to three, on a picture, by ten sigmoids",
    "multilabel",
    draw,
    build,
    "binary_crossentropy",
    samples=20_000,
    epochs=5,
    width=8,
)
