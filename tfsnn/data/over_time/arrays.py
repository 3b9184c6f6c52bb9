"""Arrays, npz files and datasets that hold sequences of frames: x ``(N, F, ...)``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.data.arrays import by_input, open_arrays, open_dataset, parts
from tfsnn.data.over_time.settings import OverTime, check_length
from tfsnn.errors import DataError, OptionError
from tfsnn_numpy.npz import npz_headers, open_npz, stored_names
from tfsnn_numpy.samples import Data, Inputs, Raw, Stored


def open_array_sequences(
    name: str, given: Any, inputs: Inputs, raw: Raw, asked: OverTime
) -> Data:
    """Open x, or the pair (x, y), where x holds sequences of frames."""
    asked.refuse_events(name)
    x = by_input(name, parts(given, inputs)[0], inputs)
    shapes: dict[str, Any] = {key: np.shape(values) for key, values in x.items()}
    stored = sequence_shapes(name, shapes, inputs)
    return cut(open_arrays(name, given, stored, raw), asked)


def open_npz_sequences(path: Path, inputs: Inputs, raw: Raw, asked: OverTime) -> Data:
    """Open an npz file whose inputs are sequences of frames."""
    asked.refuse_events(str(path))
    headers = npz_headers(path)
    names = stored_names(path, headers, inputs)
    shapes = {key: headers[name].shape for key, name in names.items()}
    stored = sequence_shapes(str(path), shapes, inputs)
    return cut(open_npz(path, stored, raw), asked)


def open_dataset_sequences(
    name: str, ds: tf.data.Dataset, inputs: Inputs, raw: Raw, asked: OverTime
) -> Data:
    """Open batches of sequences of frames; of unknown length only if one is asked for.

    Raises:
        OptionError: if neither the dataset nor the settings say how many frames.
    """
    asked.refuse_events(name)
    x = by_input(name, parts(ds.element_spec, inputs)[0], inputs)
    lengths = {_length(spec) for spec in x.values()}
    if len(lengths) == 1 and (found := lengths.pop()):
        return cut(open_dataset(name, ds, with_frames(inputs, found), raw), asked)
    frames = require_frames(name, asked)

    def first(x: tf.Tensor) -> tf.Tensor:
        message = f"a sequence shorter than the {frames} frames asked for"
        tf.debugging.assert_greater_equal(tf.shape(x)[1], frames, message)
        return x[:, :frames]

    def shortened(*element: Any) -> Any:
        whole = element if len(element) > 1 else element[0]
        x, *y = parts(whole, inputs)
        return (tf.nest.map_structure(first, x), *y)

    opened = open_dataset(name, ds.map(shortened), with_frames(inputs, frames), raw)
    return replace(opened, over_time=True)


def _length(spec: Any) -> int | None:
    """Return the number of frames that the shape of a batch states, if it does."""
    shape = getattr(spec, "shape", tf.TensorShape(None))
    return shape[1] if shape.rank is not None and shape.rank > 1 else None


def require_frames(name: str, asked: OverTime) -> int:
    """Return the number of frames that is asked for.

    Raises:
        OptionError: if there is none.
    """
    asked.refuse_events(name)
    if asked.frames is None:
        raise OptionError(
            f"{name} does not say how many frames a sequence has: give their number "
            "(--frames)"
        )
    return asked.frames


def with_frames(inputs: Inputs, frames: int) -> Inputs:
    """Return the shapes of sequences of frames, by input."""
    return {key: (frames, *shape) for key, shape in inputs.items()}


def sequence_shapes(
    name: str, stored: Mapping[str, tuple[Any, ...]], inputs: Inputs
) -> Inputs:
    """Return the shapes ``(F, *shape)`` of sequences, which stored arrays hold.

    Args:
        name: name of the data.
        stored: shapes of the stored arrays ``(N, F, ...)``, by input.
        inputs: shapes of one frame, by input.

    Raises:
        DataError: for arrays that hold no sequences of such frames, or whose inputs
            differ in their number of frames.
    """
    for key, shape in stored.items():
        frame = inputs[key]
        fits = frame in (shape[2:], (*shape[2:], 1))
        if len(shape) < 2 or not fits or shape[1] < 1:
            what = f"input {key!r}" if len(inputs) > 1 else "x"
            expected = ", ".join(["N", "F", *map(str, frame)])
            raise DataError(
                f"{what} of {name} has shape {tuple(shape)}, over time the model takes "
                f"({expected}) for N sequences of F frames: give such frames, or read "
                "it without --over-time (over_time=False)"
            )
    lengths = {key: int(shape[1]) for key, shape in stored.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{key} {count}" for key, count in lengths.items())
        raise DataError(
            f"{name}: the inputs differ in their number of frames ({found}): give "
            "every input as many"
        )
    return with_frames(inputs, next(iter(lengths.values())))


def cut(data: Data, asked: OverTime) -> Data:
    """Return data whose samples are sequences, with no more frames than asked for.

    Raises:
        DataError: if its sequences are shorter.
    """
    found = next(iter(data.inputs.values()))[0]
    frames = found if asked.frames is None else asked.frames
    check_length(f"a sequence of {data.name}", found, frames)
    if frames == found:
        return replace(data, over_time=True)

    def read(count: int, start: int) -> Iterator[Stored]:
        for x, y in data.read(count, start):
            yield {key: values[:, :frames] for key, values in x.items()}, y

    inputs = {key: (frames, *shape[1:]) for key, shape in data.inputs.items()}
    return replace(data, inputs=inputs, read=read, over_time=True)
