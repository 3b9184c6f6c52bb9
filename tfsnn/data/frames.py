"""Sequences of frames: how many there are in each sample of some data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.data.arrays import by_input, parts
from tfsnn.errors import DataError, OptionError
from tfsnn_numpy.npz import npz_shapes
from tfsnn_numpy.samples import Data, Shape


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
