"""Sequences of frames: how many are in each sample, and frames as samples."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.data.arrays import by_input, parts
from tfsnn.data.opening import Takes, open_for
from tfsnn.errors import DataError, OptionError
from tfsnn_numpy.npz import npz_shapes
from tfsnn_numpy.samples import Data, Shape, Stored, each_label


def frames_in(spec: Any, inputs: Mapping[str, Shape]) -> int:
    """Return F, the number of frames in each sample of some data.

    Args:
        spec: what :func:`tfsnn.open_data` takes: FILE.npz or arrays, whose x is ``(N,
            F, *shape)``; or a :class:`Data` of such samples.
        inputs: the shape of one frame, by input of the model.

    Raises:
        DataError: for data without an axis of frames, or inputs that differ in it.
        OptionError: for data of another form.
    """
    shapes = _shapes(spec, dict(inputs))
    if short := [key for key, shape in shapes.items() if len(shape) < 2]:
        raise DataError(
            f"{short[0]} has shape {shapes[short[0]]}: over time, data is (N, F, "
            "...), with F frames for each of N samples"
        )
    counts = {key: int(shape[1]) for key, shape in shapes.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        raise DataError(
            f"the inputs have these numbers of frames: {counts}; give each the same, "
            "at least one"
        )
    return next(iter(counts.values()))


@dataclass(frozen=True)
class _Sequences:
    """What takes sequences of frames (:class:`tfsnn.data.opening.Takes`)."""

    inputs: Mapping[str, Shape]
    whole_inputs: Collection[str]


def open_frames(network: Takes, spec: Any, **options: Any) -> Data:
    """Open sequences of frames as samples, each frame one, with the label of all.

    Args:
        network: that takes a frame.
        spec: what :func:`frames_in` takes.
        options: those of :func:`tfsnn.data.open_for`; `limit` is of sequences.

    Raises:
        OptionError, DataError: as :func:`frames_in` and :func:`tfsnn.data.open_for`.
    """
    inputs = dict(network.inputs)
    frames = frames_in(spec, inputs)
    longer = {name: (frames, *shape) for name, shape in inputs.items()}
    sequences = open_for(_Sequences(longer, network.whole_inputs), spec, **options)

    def read(count: int, start: int) -> Iterator[Stored]:
        skipped = start % frames
        most = max(1, count // frames)
        for x, y in sequences.read(most, start // frames):
            flat = {k: v.reshape(-1, *v.shape[2:])[skipped:] for k, v in x.items()}
            labels = None if y is None else each_label(y, repeated(frames, skipped))
            size, skipped = len(next(iter(flat.values()))), 0
            for first in range(0, size, count):
                rows = itemgetter(slice(first, first + count))
                part = {key: rows(values) for key, values in flat.items()}
                yield part, None if labels is None else each_label(labels, rows)

    def times(number: int | None) -> int | None:
        return None if number is None else number * frames

    return replace(
        sequences,
        inputs=inputs,
        size=times(sequences.size),
        limit=times(sequences.limit),
        start=sequences.start * frames,
        read=read,
    )


def repeated(times: int, skipped: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that repeats each row, and leaves out some at the start."""
    return lambda values: np.repeat(values, times, 0)[skipped:]


def _shapes(spec: Any, inputs: dict[str, Shape]) -> dict[str, Shape]:
    """Return the shapes of the arrays by input, samples first."""
    if isinstance(spec, Data):
        return {key: (0, *shape) for key, shape in spec.inputs.items()}
    if isinstance(spec, str | os.PathLike):
        if Path(spec).suffix.lower() == ".npz":
            return npz_shapes(Path(spec), inputs)
        form = repr(os.fspath(spec))
    elif isinstance(spec, np.ndarray | tuple | list | Mapping):
        first, *_ = parts(spec, inputs)
        return {k: np.shape(a) for k, a in by_input("the data", first, inputs).items()}
    else:
        form = type(spec).__name__
    raise OptionError(
        f"{form} holds no sequences of frames that can be read: give FILE.npz or "
        "arrays, with x of shape (N, F, ...)"
    )
