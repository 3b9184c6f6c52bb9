"""Handlers that join signals, or take one apart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.ops.arithmetic import spread
from tfsnn.sources.handlers.registry import Handler, handles_operation


@handles_operation("Concatenate")
def concatenate(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate concatenate along an axis of each sample."""
    signals = _signals(builder)
    axis = builder.axis(operation.axis, len(builder.shape(signals[0])))
    return builder.concatenate(signals, axis)


@handles_operation("Stack")
def stack(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate stack along a new axis of each sample."""
    signals = _signals(builder)
    before = builder.shape(signals[0])
    axis = builder.axis(operation.axis, len(before) + 1)
    shape = (*before[:axis], 1, *before[axis:])
    return builder.concatenate([builder.reshape(x, shape) for x in signals], axis)


def _signals(builder: Builder) -> list[Signal]:
    """Return the list that the call is given, with constants turned into signals."""
    given = builder.argument(0, "xs")
    shape = builder.shape(next(x for x in given if isinstance(x, Signal)))
    return [
        x
        if isinstance(x, Signal)
        else spread(np.asarray(x, np.float32)[0], builder, shape)
        for x in given
    ]


@handles_operation("Append")
def append(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate append along an axis of each sample."""
    if operation.axis is None:
        raise Unsupported("axis=None includes the batch: name another axis")
    builder.args = ([builder.argument(0, "x1"), builder.argument(1, "x2")],)
    return concatenate(operation, inputs, builder)


@handles_operation("Hstack")
def hstack(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate hstack: concatenation along the first axis of each sample."""
    return builder.concatenate(_signals(builder), 0)


@handles_operation("Dstack")
def dstack(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate dstack: concatenation along the second axis of each sample."""
    signals = [
        builder.reshape(x, (*builder.shape(x), 1)) if len(builder.shape(x)) == 1 else x
        for x in _signals(builder)
    ]
    return builder.concatenate(signals, 1)


def _borders(length: int, given: Any, even: bool) -> list[int]:
    """Return where parts begin and end, for a number of parts or their borders."""
    if not isinstance(given, int):
        return [0, *(int(i) for i in given), length]
    if even:
        return [length // given * i for i in range(given + 1)]
    size, rest = divmod(length, given)
    return [size * i + min(i, rest) for i in range(given + 1)]


def _splitting(axis: int | None, even: bool = True) -> Handler:
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
        """Translate split and its relatives: parts along an axis of each sample."""
        before = builder.shape(inputs[0])
        own = builder.axis(operation.axis if axis is None else axis, len(before))
        given = operation.indices_or_sections
        return [
            builder.slice(inputs[0], own, start, stop)
            for start, stop in itertools.pairwise(_borders(before[own], given, even))
        ]

    return handler


handles_operation("Split")(_splitting(None))
handles_operation("ArraySplit")(_splitting(None, even=False))
handles_operation("Hsplit")(_splitting(1))
handles_operation("Dsplit")(_splitting(2))


@handles_operation("Unstack")
def unstack(operation: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate unstack: one output for each place along an axis."""
    before = builder.shape(inputs[0])
    axis = builder.axis(operation.axis, len(before))
    shape = (*before[:axis], *before[axis + 1 :])
    return [
        builder.reshape(builder.slice(inputs[0], axis, i, i + 1), shape)
        for i in range(before[axis])
    ]
