"""Embedding: articles of Fashion-MNIST as vectors, the same kind side by side."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from benchmarks.tasks.images import Sets, pick
from benchmarks.tasks.parts import features
from benchmarks.tasks.problem import Problem

TEMPERATURE = 0.1


def draw(
    sets: Sets, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw articles ``(N, 28, 28, 1)`` and their classes ``(N,)``."""
    return pick(sets["fashion_mnist"], rng, count)


def build(width: int) -> keras.Model:
    """Build a convolutional network that ends in vectors of length 1."""
    inputs = keras.Input((28, 28, 1))
    x = layers.Flatten()(features(inputs, width))
    x = layers.Dense(4 * width, activation="relu")(x)
    x = layers.Dense(2 * width)(x)
    outputs = layers.UnitNormalization(name="vector")(x)
    return keras.Model(inputs, outputs, name="embedding")


def contrastive(y: Any, vectors: Any) -> Any:
    """Return the supervised contrastive loss of each sample of a batch, ``(B,)``.

    P. Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020: the mean over
    samples of the same class of the negative logarithm of their share of likeness.
    """
    y = ops.reshape(y, (-1, 1))
    itself = ops.eye(ops.shape(vectors)[0])
    likeness = vectors @ ops.transpose(vectors) / TEMPERATURE - 1e9 * itself
    same = ops.cast(ops.equal(y, ops.transpose(y)), "float32") - itself
    shares = ops.log_softmax(likeness)
    return -ops.sum(same * shares, 1) / ops.maximum(ops.sum(same, 1), 1)


PROBLEM = Problem(
    "A vector of an article of Fashion-MNIST, near to those of its class",
    "embedding",
    draw,
    build,
    contrastive,
    samples=30_000,
    epochs=3,
)
