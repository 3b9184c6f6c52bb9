"""Data that is in memory already: arrays, and a ``tf.data.Dataset`` of batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from tfsnn.data.samples import Batch, Data, Shape, check_arrays, refusing
from tfsnn.errors import DataError


def open_arrays(
    name: str, x: np.ndarray, y: np.ndarray | None, shape: Shape, raw: bool
) -> Data:
    """Open samples x with labels y, or with none."""
    check_arrays(name, x.shape, x.dtype, None if y is None else y.shape, shape, raw)

    def read(count: int) -> Iterator[Batch]:
        for i in range(0, len(x), count):
            yield x[i : i + count], None if y is None else y[i : i + count]

    return Data(name, shape, raw, len(x), y is not None, read)


def open_dataset(name: str, ds: tf.data.Dataset, shape: Shape, raw: bool) -> Data:
    """Open batches of x or of (x, y), of any size; they are batched anew on reading."""
    spec = ds.element_spec
    parts = spec if isinstance(spec, tuple) else (spec,)
    plain = all(isinstance(part, tf.TensorSpec) and part.shape != () for part in parts)
    if not plain or len(parts) not in (1, 2):
        raise DataError(
            f"{name} yields {spec}; it must yield batches of x or of (x, y), as plain "
            "tensors: map and batch(...) it first."
        )
    if parts[0].shape[1:].is_fully_defined():
        dtype = np.dtype(parts[0].dtype.as_numpy_dtype)
        check_arrays(name, parts[0].shape, dtype, None, shape, raw)
    if ds.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise DataError(f"{name} has no end; cut it with take(...).")

    def read(count: int) -> Iterator[Batch]:
        way_out = "repair it, and see that its samples are all of one shape"
        with refusing((tf.errors.OpError,), f"{name} cannot be read", way_out):
            for element in ds.rebatch(count).as_numpy_iterator():
                x, *y = element if isinstance(element, tuple) else (element,)
                yield x, y[0] if y else None

    return Data(name, shape, raw, None, len(parts) == 2, read)
