"""What several handlers of operations need to know of a call, and do with it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from tfsnn.network.axes import channels_to_back, channels_to_front
from tfsnn.network.nodes import Pad
from tfsnn.sources.handlers.builder import Builder, Shape, Signal, Unsupported
from tfsnn.sources.handlers.registry import Handler

MOVES_SAMPLES = "it moves values from one sample to another: leave the batch as it is"


def number(value: Any, name: str) -> np.ndarray:
    """Return an argument of the call that has to be a constant.

    Raises:
        Unsupported: if the model computes it.
    """
    if isinstance(value, Signal):
        raise Unsupported(
            f"its {name} is computed in the model: make it a constant of the model"
        )
    return np.asarray(value)


def output_shape(operation: Any, builder: Builder) -> Shape:
    """Return the shape of the operation's output, for one sample, as Keras has it."""
    given = [_symbolic(x, builder) for x in builder.args]
    named = {key: _symbolic(x, builder) for key, x in builder.kwargs.items()}
    return tuple(operation.compute_output_spec(*given, **named).shape[1:])


def _symbolic(x: Any, builder: Builder) -> Any:
    if not isinstance(x, Signal):
        return x
    return keras.KerasTensor((None, *builder.shape(x)), x.dtype)


def moved(x: str, call: Callable[[np.ndarray], Any], builder: Builder) -> Signal:
    """Add the values of x where `call` moves them, zeros where it puts none.

    The places are found by moving the values' numbers.

    Args:
        x: the node whose values are moved.
        call: moves the values of a batch of samples; float32 in and out.
        builder: the graph in the making.

    Raises:
        Unsupported: if it moves values from one sample to another.
    """
    shape = builder.shape(x)
    count = int(np.prod(shape, dtype=int))
    if 2 * count >= 2**24:
        raise Unsupported(
            f"it moves {count} values, more than can be told apart: use keras.ops."
            "reshape, transpose and slices in its place"
        )
    numbers = np.arange(1, 2 * count + 1, dtype=np.float32).reshape(2, *shape)
    result = np.asarray(call(numbers))
    if result.ndim == 0 or result.shape[0] != 2:
        raise Unsupported(MOVES_SAMPLES)
    first, second = result.astype(int)
    if (
        first.max(initial=0) > count
        or (np.where(first, first + count, 0) != second).any()
    ):
        raise Unsupported(MOVES_SAMPLES)
    y = builder.reshape(x, (count,))
    if not first.all():
        y = builder.add(Pad, (y,), (count + 1,), ((0, 1),), suffix="_zero")
    places = np.where(first > 0, first - 1, count).ravel()
    if not np.array_equal(places, np.arange(count)):
        y = builder.take(y, 0, places)
    return builder.reshape(y, first.shape)


def channels_last(handler: Handler) -> Handler:
    """Let a handler that knows channels_last alone translate channels_first too."""

    @functools.wraps(handler)
    def either(operation: Any, inputs: Sequence[str], builder: Builder) -> Any:
        chosen = getattr(operation, "data_format", None)
        if (chosen or keras.config.image_data_format()) == "channels_last":
            return handler(operation, inputs, builder)
        first, *rest = builder.args
        rank = len(builder.shape(first))
        last = builder.transpose(first, channels_to_back(rank), "_channels_last")
        other = copy.copy(operation)
        other.data_format = "channels_last"
        builder.args = (last, *rest)
        y = handler(other, [last, *inputs[1:]], builder)
        assert isinstance(y, str)
        return builder.transpose(y, channels_to_front(rank), "_channels_first")

    return either
