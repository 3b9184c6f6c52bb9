"""Handlers of sums, differences, products and orders along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.linear import contract
from tfsnn.sources.handlers.ops.algebra import LETTERS
from tfsnn.sources.handlers.registry import handles_operation


def weighted(x: str, axis: int, matrix: np.ndarray, builder: Builder) -> str:
    """Add sums along an axis of a sample: output i has the weights ``matrix[:, i]``.

    A matrix of one axis sums that axis away.
    """
    own = LETTERS[: len(builder.shape(x)) + 1]
    letter = own[axis + 1]
    new = "Z" if matrix.ndim == 2 else ""
    equation = f"{own},{letter}{new}->{own.replace(letter, new)}"
    return contract(equation, x, matrix.astype(np.float32), None, builder)


def _axis(operation: Any, x: str, builder: Builder) -> int:
    if operation.axis is None:
        raise Unsupported("axis=None includes the batch: name another axis")
    return builder.axis(operation.axis, len(builder.shape(x)))


@handles_operation("Cumsum")
def cumsum(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate cumsum: sums along an axis, linear."""
    axis = _axis(operation, inputs[0], builder)
    length = builder.shape(inputs[0])[axis]
    return weighted(inputs[0], axis, np.triu(np.ones((length, length))), builder)


@handles_operation("Diff")
def diff(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate diff: differences of neighbours along an axis, linear."""
    y: str = inputs[0]
    axis = _axis(operation, y, builder)
    for _ in range(operation.n):
        length = builder.shape(y)[axis]
        behind = builder.slice(y, axis, 1, length, "_behind")
        before = builder.slice(y, axis, 0, length - 1, "_before")
        y = builder.total([behind, builder.affine(before, -1.0, suffix="_negated")])
    return builder.drop(inputs, "no difference is taken") if y == inputs[0] else y


@handles_operation("Trapezoid")
def trapezoid(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate trapezoid, the integral along an axis over constant places: linear."""
    axis = _axis(operation, inputs[0], builder)
    length = builder.shape(inputs[0])[axis]
    if isinstance(operation.x, Signal) or np.ndim(operation.x) > 1:
        raise Unsupported("its places x are no constant of one axis: give such, or dx")
    steps = operation.dx if operation.x is None else np.diff(np.asarray(operation.x))
    halves = np.broadcast_to(steps, length - 1) / 2
    weights = np.append(halves, 0) + np.append(0, halves)
    return weighted(inputs[0], axis, weights, builder)


@handles_operation("Cumprod", "Sort")
def in_order(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate cumprod and sort along an axis: running sums."""
    axis = _axis(operation, inputs[0], builder)
    op = type(operation).__name__.lower()
    return builder.function(op, inputs, axis=axis)
