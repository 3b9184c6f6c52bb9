"""Handlers of numbers of classes and of bins: one_hot, digitize and the like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.ops.calls import number
from tfsnn.sources.handlers.registry import handles_operation


def one_hot(x: str, classes: int, axis: int, builder: Builder) -> Signal:
    """Add, along a new axis of a sample, 1 at the place that x numbers."""
    shape = list(builder.shape(x))
    shape.insert(axis, classes)
    return builder.function("one_hot", (x,), tuple(shape), classes=classes, axis=axis)


def _dense(operation: Any) -> None:
    if operation.sparse:
        raise Unsupported("sparse=True: a signal has a value at every place; leave it")


@handles_operation("OneHot")
def of_numbers(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate one_hot: a function of numbers of classes."""
    _dense(operation)
    axis = builder.axis(operation.axis, len(builder.shape(inputs[0])) + 1)
    return one_hot(inputs[0], operation.num_classes, axis, builder)


@handles_operation("MultiHot")
def multi_hot(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate multi_hot: 1 at every place that a sample's numbers name."""
    _dense(operation)
    axis = builder.axis(operation.axis, len(builder.shape(inputs[0])) + 1)
    y = one_hot(inputs[0], operation.num_classes, axis, builder)
    return builder.reduce(y, "amax", (0,), keepdims=False)


@handles_operation("Digitize")
def digitize(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate digitize: in which of the bins between constant bounds x lies."""
    bins = tuple(number(builder.argument(1, "bins"), "bins").ravel().tolist())
    return builder.function("digitize", inputs, bins=bins)


@handles_operation("SearchSorted")
def search_sorted(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate searchsorted: where values belong in a constant sorted sequence."""
    bins = number(builder.argument(0, "sorted_sequence"), "sorted_sequence")
    right = operation.side == "left"
    options = {"bins": tuple(bins.ravel().tolist()), "right": right}
    return builder.function("digitize", inputs, **options)


@handles_operation("IsIn")
def isin(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate isin: whether each value is one of constant values."""
    values = number(builder.argument(1, "x2"), "second argument")
    if not isinstance(builder.argument(0, "x1"), Signal):
        raise Unsupported("whether constants are in a signal depends on all samples")
    invert = bool(operation.invert)
    return builder.function(
        "isin", inputs, values=tuple(np.ravel(values).tolist()), invert=invert
    )
