"""Sequences of frames as samples, each frame one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np

from tfsnn.data.opening import Takes, open_for
from tfsnn.data.over_time.settings import OverTime
from tfsnn_numpy.samples import Data, Stored, each_label


def open_frames(
    network: Takes, spec: Any, over_time: bool | OverTime = True, **options: Any
) -> Data:
    """Open sequences of frames as samples, each frame one, with the label of all.

    Args:
        network: that takes a frame.
        spec: what :func:`tfsnn.open_data` takes over time.
        over_time: how sequences are read.
        options: those of :func:`tfsnn.data.open_for`; `limit` is of sequences.

    Raises:
        OptionError, DataError: as :func:`tfsnn.data.open_for`.
    """
    sequences = open_for(network, spec, over_time=over_time, **options)
    inputs = {name: shape[1:] for name, shape in sequences.inputs.items()}
    return as_frames(sequences, inputs, sequences.read)


def as_frames(
    sequences: Data,
    inputs: Mapping[str, tuple[int, ...]],
    read_sequences: Callable[[int, int], Iterator[Stored]],
) -> Data:
    """Return sequences as samples, each frame one, with the label of all.

    Args:
        sequences: the sequences, of F frames each.
        inputs: the shapes of a frame by input.
        read_sequences: yields arrays ``(B, F, *shape)`` by input, and labels, of a
            number of sequences at a time, from one on.
    """
    frames = sequences.frames or 1

    def read(count: int, start: int) -> Iterator[Stored]:
        skipped = start % frames
        most = max(1, count // frames)
        for x, y in read_sequences(most, start // frames):
            flat = {k: v.reshape(-1, *v.shape[2:])[skipped:] for k, v in x.items()}
            labels = None if y is None else each_label(y, _repeated(frames, skipped))
            size, skipped = len(next(iter(flat.values()))), 0
            for first in range(0, size, count):
                rows = itemgetter(slice(first, first + count))
                part = {key: rows(values) for key, values in flat.items()}
                yield part, None if labels is None else each_label(labels, rows)

    def times(number: int | None) -> int | None:
        return None if number is None else number * frames

    return replace(
        sequences,
        inputs=dict(inputs),
        size=times(sequences.size),
        limit=times(sequences.limit),
        start=sequences.start * frames,
        over_time=False,
        read=read,
    )


def _repeated(times: int, skipped: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that repeats each row, and leaves out some at the start."""
    return lambda values: np.repeat(values, times, 0)[skipped:]
