"""Splitting data in two: samples that are held out, to validate on, and the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np

from tfsnn.data.arrays import by_input, open_arrays
from tfsnn.data.reservoir import Reservoir
from tfsnn.errors import DataError
from tfsnn_numpy.samples import Data, Progress, Stored, each_label
from tfsnn_numpy.tasks import Labels

LABELS = "labels of the samples "  # the start of keys that no input has as its name
BATCH = 64


def hold_out(
    data: Data, most: int, *, least: int, seed: int, progress: Progress | None = None
) -> tuple[Data, Data]:
    """Split data into the rest and the held-out samples, which are kept in memory.

    Half of the samples are held out, but not more than `most`, drawn by the seed. The
    data has to come in the same order whenever it is read.

    Args:
        data: data to split, read once here, and again when the rest is read.
        most: largest number of samples to hold out.
        least: smallest number of samples that the data must have.
        seed: seed of the draw.
        progress: function that wraps the batches, for a progress bar.

    Raises:
        DataError: if there are fewer than `least` samples, or samples do not fit.
    """
    drawn = Reservoir(most, seed)
    for x, y in data.batches(BATCH, progress, "reading"):
        feed: dict[str, Any] = by_input(data.name, x, data.inputs)
        drawn.pass_on({**feed, **_columns(y)})
    if drawn.count < least:
        raise DataError(
            f"{data.name} holds {drawn.count} samples, too few to hold some of them "
            f"out: give {least} or more, or name a method, which needs no such samples"
        )
    held = drawn.samples(drawn.count // 2)
    labels = {k: held.pop(k) for k in [*held] if k.startswith(LABELS)}
    y = _labels(labels)
    x = held if len(held) > 1 else next(iter(held.values()))
    others = _without(data, drawn.places(drawn.count // 2), drawn.count)
    name = f"samples held out of {data.name}"
    whole = frozenset(data.inputs)  # they are scaled already
    kept = open_arrays(name, (x, y), data.inputs, whole)
    return others, replace(kept, over_time=data.over_time)


def _columns(y: Labels | None) -> dict[str, np.ndarray]:
    """Return labels as columns beside those of the inputs."""
    if y is None:
        return {}
    if isinstance(y, Mapping):
        return {f"{LABELS}{name}": values for name, values in y.items()}
    return {LABELS: y}


def _labels(columns: Mapping[str, np.ndarray]) -> Labels | None:
    """Return the labels that :func:`_columns` made columns of."""
    if LABELS in columns:
        return columns[LABELS]
    found = {name.removeprefix(LABELS): values for name, values in columns.items()}
    return {int(k) if k.isdigit() else k: v for k, v in found.items()} or None


def _without(data: Data, places: np.ndarray, count: int) -> Data:
    """Return the first `count` samples of the data, without those at some places."""

    def read(size: int, skipped: int) -> Iterator[Stored]:
        start = 0
        for x, y in data.read(size, 0):
            rows: Any = len(next(iter(x.values())))
            here = np.arange(start, start + rows)
            kept = (here < count) & ~np.isin(here, places)
            kept &= here - np.searchsorted(places, here) >= skipped
            start += rows
            if kept.any():
                part = {key: values[kept] for key, values in x.items()}
                rows_kept = itemgetter(kept)
                yield part, None if y is None else each_label(y, rows_kept)
            if start >= count:
                break

    return replace(data, size=count - len(places), limit=None, read=read)
