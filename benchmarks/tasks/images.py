"""Real images: read from npz files, drawn, turned, and put together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

# By data set: images (N, height, width, channels) uint8, and classes (N,).
Sets = Mapping[str, tuple[np.ndarray, np.ndarray]]


def read(folder: Path, part: str) -> Sets:
    """Read NAME_PART.npz, with x and y, of MNIST, Fashion-MNIST and CIFAR-10.

    Args:
        folder: where the files are; ``docs/benchmarks.md`` says what makes them.
        part: "train" or "test".
    """
    found = {}
    for name in ("mnist", "fashion_mnist", "cifar10"):
        with np.load(folder / f"{name}_{part}.npz") as arrays:
            found[name] = arrays["x"], arrays["y"].astype(np.int64)
    return found


def pick(
    images: tuple[np.ndarray, np.ndarray], rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images float32 in [0, 1] and their classes: each once, then each again."""
    x, y = images
    rounds = -(-count // len(x))
    chosen = np.concatenate([rng.permutation(len(x)) for _ in range(rounds)])[:count]
    return x[chosen].astype(np.float32) / 255, y[chosen]


def turned(x: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Turn images ``(N, size, size, channels)`` about their centres.

    Args:
        x: the images; what is turned in from outside is 0.
        angles: clockwise, in radians, ``(N,)``.
    """
    centre = (x.shape[1] - 1) / 2
    cos, sin = np.cos(angles), np.sin(angles)
    right = centre - centre * (cos + sin)
    down = centre - centre * (cos - sin)
    none = np.zeros_like(cos)
    rows = np.stack([cos, sin, right, -sin, cos, down, none, none], axis=1)
    found = keras.ops.image.affine_transform(x, rows.astype(np.float32))
    return np.asarray(found)


def places(rng: np.random.Generator, count: int, room: int) -> np.ndarray:
    """Draw `count` places, row and column from 0 to `room` each."""
    return rng.integers(0, room + 1, (count, 2))
