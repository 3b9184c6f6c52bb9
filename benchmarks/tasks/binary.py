"""Binary classification: an animal or a vehicle on a photograph of CIFAR-10."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from keras import layers

from benchmarks.tasks.images import Sets, pick
from benchmarks.tasks.parts import features
from benchmarks.tasks.problem import Problem

ANIMALS = (2, 3, 4, 5, 6, 7)  # bird, cat, deer, dog, frog, horse


def draw(
    sets: Sets, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw photographs ``(N, 32, 32, 3)``, and 1 for animals ``(N,)``."""
    x, y = pick(sets["cifar10"], rng, count)
    return x, np.isin(y, ANIMALS).astype(np.int64)


def build(width: int) -> keras.Model:
    """Build a convolutional network with one sigmoid."""
    inputs = keras.Input((32, 32, 3))
    x = layers.GlobalAveragePooling2D()(features(inputs, width))
    x = layers.Dense(1, name="logit")(x)
    outputs = layers.Activation("sigmoid", name="animal")(x)
    return keras.Model(inputs, outputs, name="binary")


def logits(model: keras.Model) -> keras.Model:
    """Return the network without its sigmoid: positive is an animal."""
    return keras.Model(model.input, model.get_layer("logit").output, name="logit")


PROBLEM = Problem(
    "An animal or a vehicle on a photograph of CIFAR-10, by one sigmoid",
    "binary",
    draw,
    build,
    "binary_crossentropy",
    samples=30_000,
    epochs=4,
)
LOGIT = replace(
    PROBLEM, about="The same network without its sigmoid: positive is an animal"
)
