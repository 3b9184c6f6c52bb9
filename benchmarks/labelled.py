"""Labelled images for a benchmark."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

import tfsnn


def samples(
    model: keras.Model, spec: str, limit: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Images ``(N, *shape)`` float32 as the model takes them, and their labels.

    `spec` is anything that :func:`tfsnn.open_data` takes.
    """
    shape: Any = tuple(model.inputs[0].shape[1:])
    opened = tfsnn.open_data(spec, shape, limit=limit, labels=True)
    x, y = zip(*opened.batches(500), strict=True)
    return np.concatenate(x), np.concatenate(y)
