"""Means over samples that come a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf


class Rows:
    """Samples that are computed where they are read, ``(N, *shape)``."""

    def __init__(self, count: int, computed: Callable[[slice], Any]) -> None:
        """Hold what computes a slice of the samples, ``(n, *shape)``."""
        self._count, self._computed = count, computed
        self._last: tuple[slice, Any] | None = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, rows: slice) -> Any:
        if self._last is None or self._last[0] != rows:
            self._last = rows, self._computed(rows)
        return self._last[1]


def channel_mean(parts: Iterable[Any]) -> np.ndarray:
    """Return the mean of each channel, ``(C,)``, of tensors ``(n, ..., C)``."""
    total, count = np.float64(0), 0
    for part in parts:
        mean = tf.reduce_mean(part, range(len(part.shape) - 1)).numpy()
        total = total + mean.astype(np.float64) * len(part)
        count += len(part)
    return np.asarray(total / count, np.float32)


def shrunk(parts: Iterable[Any]) -> np.ndarray:
    """Return the mean of errors over samples, less its noise.

    Each channel's means are drawn to zero by the share of their mean square that
    sampling alone explains (James and Stein).

    Args:
        parts: the errors, ``(n, *units)`` each.

    Returns:
        An array ``(*units)``.
    """
    count, mean, variance = 0, np.float32(0), np.float32(0)
    for part in parts:
        new = np.asarray(part)
        total = count + len(new)
        if not count:
            mean, variance = new.mean(0), new.var(0)
        else:
            share = len(new) / total
            apart = new.mean(0) - mean
            mean = mean + share * apart
            variance = (1 - share) * variance + share * new.var(0)
            variance = variance + share * (1 - share) * apart**2
        count = total
    noise = variance / max(count - 1, 1)
    axes = tuple(range(mean.ndim - 1))
    square = np.maximum((mean**2).mean(axes), 1e-30)
    kept = np.clip(1 - noise.mean(axes) / square, 0.0, 1.0)
    return (mean * kept).astype(np.float32)
