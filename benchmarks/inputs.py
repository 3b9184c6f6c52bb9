"""The inputs of benchmarks: shipped networks, and the options that give others."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

import tfsnn

ROOT = Path(__file__).parents[1]
OUTPUT = click.option("--output", required=True, type=click.Path(path_type=Path))


def example(name: str) -> Any:
    """Import a script of ``examples/``, which imports its neighbours by their names."""
    folder = str(ROOT / "examples")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)


def shipped(network: str) -> Path:
    """Return a shipped network's folder: model.keras, calibration.npz, test.npz."""
    return ROOT / "saved_models" / network


def test_images(network: str, count: int | None = None) -> np.ndarray:
    """Load shipped test images ``(N, height, width, channels)`` float32 in [0, 1]."""
    with np.load(shipped(network) / "test.npz") as arrays:
        return arrays["x"][:count].astype(np.float32) / 255


def samples(
    model: keras.Model, spec: str, limit: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Load images ``(N, *shape)`` float32 as the model takes them, and their labels.

    `spec` is anything that :func:`tfsnn.open_data` takes.
    """
    shape: Any = tuple(model.inputs[0].shape[1:])
    opened = tfsnn.open_data(spec, shape, limit=limit, labels=True)
    x, y = zip(*opened.batches(500), strict=True)
    return np.concatenate(x), np.concatenate(y)


@dataclass(frozen=True)
class Task:
    """The task of a command line: a network, its data, and the output of results."""

    model: keras.Model
    calibration: str
    data: str
    output: Path
    limit: int | None

    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """Load the first `limit` test images and their labels."""
        return samples(self.model, self.data, self.limit)


def takes_task(main: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a :class:`Task`, which is its first argument."""

    @OUTPUT
    @click.option("--model", required=True, help="A file that Keras saved.")
    @click.option("--calibration", required=True)
    @click.option("--data", required=True, help="Test samples with labels.")
    @click.option("--limit", type=int, help="Use only this many test samples.")
    @functools.wraps(main)
    def command(
        model: str,
        calibration: str,
        data: str,
        output: Path,
        limit: int | None,
        **others: Any,
    ) -> None:
        network = tfsnn.load_model(model)
        main(Task(network, calibration, data, output, limit), **others)

    return command
