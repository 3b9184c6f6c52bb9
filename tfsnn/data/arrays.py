"""Data that is in memory: arrays, and a ``tf.data.Dataset`` of batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import DataError
from tfsnn_numpy.samples import (
    Data,
    Header,
    Inputs,
    Raw,
    Stored,
    check_arrays,
    each_label,
    refusing,
)
from tfsnn_numpy.tasks import Labels


def open_arrays(name: str, given: Any, inputs: Inputs, raw: Raw) -> Data:
    """Open x, or the pair (x, y); x may hold several inputs (:func:`by_input`)."""
    first, *labels = parts(given, inputs)
    if len(labels) > 1:
        raise DataError(
            f"{name}: x is followed by {len(labels)} more; give x or (x, labels)."
        )
    x = {key: np.asarray(a) for key, a in by_input(name, first, inputs).items()}
    y = as_labels(labels[0]) if labels and labels[0] is not None else None
    size = check_arrays(name, x, y, inputs, raw)

    def read(count: int, start: int) -> Iterator[Stored]:
        for i in range(start, size, count):
            rows = itemgetter(slice(i, i + count))
            yield {k: rows(v) for k, v in x.items()}, _of(y, rows)

    return Data(name, inputs, raw, size, y is not None, read)


def open_dataset(name: str, ds: tf.data.Dataset, inputs: Inputs, raw: Raw) -> Data:
    """Open batches of x or of (x, y) of any size, to be batched anew on reading."""
    spec = parts(ds.element_spec, inputs)
    x = by_input(name, spec[0], inputs)
    tensors = [*x.values(), *tf.nest.flatten(spec[1:])]
    plain = all(isinstance(t, tf.TensorSpec) and t.shape != () for t in tensors)
    if not plain or len(spec) not in (1, 2):
        raise DataError(
            f"{name} yields {ds.element_spec}; it must yield batches of x or of (x, "
            "y), as plain tensors: map and batch(...) it first."
        )
    for key, known in x.items():
        if known.shape[1:].is_fully_defined():
            header = Header(known.shape, np.dtype(known.dtype.as_numpy_dtype))
            check_arrays(name, {key: header}, None, inputs, raw)
    if ds.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise DataError(f"{name} has no end; cut it with take(...).")

    def read(count: int, start: int) -> Iterator[Stored]:
        way_out = "repair it, and see that its samples are all of one shape"
        with refusing((tf.errors.OpError,), f"{name} cannot be read", way_out):
            rest = ds.unbatch().skip(start).batch(count) if start else ds.rebatch(count)
            for element in rest.as_numpy_iterator():
                x, *y = parts(element, inputs)
                yield by_input(name, x, inputs), as_labels(y[0]) if y else None

    return Data(name, inputs, raw, None, len(spec) == 2, read)


def as_labels(y: Any) -> Labels:
    """Return labels as arrays: y alone, or by output or the number of an output.

    A list or tuple of arrays (not of numbers) holds those of several outputs.
    """
    if isinstance(y, Mapping):
        return {key: np.asarray(values) for key, values in y.items()}
    if isinstance(y, list | tuple) and y and all(map(_is_array, y)):
        return {number: np.asarray(values) for number, values in enumerate(y)}
    return np.asarray(y)


def _is_array(part: Any) -> bool:
    return isinstance(part, np.ndarray | tf.Tensor) and part.ndim > 0


def _of(y: Labels | None, rows: Any) -> Labels | None:
    return None if y is None else each_label(y, rows)


def parts(given: Any, inputs: Inputs) -> tuple:
    """Return what is given as ``(x,)`` or ``(x, y)``.

    A tuple is ``(x, y)``; but with several inputs only if it starts with a dict, list
    or tuple, which is x. Otherwise it is x itself, with one array per input.
    """
    pair = isinstance(given, tuple) and bool(given)
    if pair and len(inputs) > 1:
        pair = isinstance(given[0], Mapping | list | tuple)
    return given if pair else (given,)


def by_input(name: str, x: Any, inputs: Inputs) -> dict[str, Any]:
    """Return what x holds for each input, by name.

    x is a mapping by name or a sequence in the order of the inputs; for one input, the
    whole x is its value.

    Raises:
        DataError: if x does not hold one value for each input.
    """
    if len(inputs) == 1:
        return dict.fromkeys(inputs, x)
    if isinstance(x, Mapping):
        if x.keys() == inputs.keys():
            return dict(x)
        received = f"inputs named {', '.join(map(str, x)) or '(none)'}"
    elif isinstance(x, list | tuple):
        if len(x) == len(inputs):
            return dict(zip(inputs, x, strict=True))
        received = f"{len(x)} inputs"
    else:
        received = "one input"
    raise DataError(
        f"{name}: {received} given, the model takes {len(inputs)}: "
        f"{', '.join(inputs)}; give a dict by these names, or a list or tuple in this "
        "order, and labels y as in (inputs, y)."
    )
