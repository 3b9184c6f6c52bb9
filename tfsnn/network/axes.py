"""Orders of axes: of shapes, and of arrays that broadcast to a shape.

An order says, as in :class:`~tfsnn.network.nodes.movement.Transpose`, that axis i of
what is read is axis ``order[i]`` of what is stored; axes are those of one sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

Order = tuple[int, ...]
T = TypeVar("T")


def channels_to_front(rank: int) -> Order:
    """Return the order in which the last axis comes first: that of channels first."""
    return (rank - 1, *range(rank - 1))


def channels_to_back(rank: int) -> Order:
    """Return the order in which the first axis comes last: that of channels last."""
    return (*range(1, rank), 0)


def stored(order: Order, values: Sequence[T]) -> tuple[T, ...]:
    """Return one value per axis, such as a length, as they are stored."""
    return tuple(values[order.index(axis)] for axis in range(len(order)))


def moves_nothing(order: Order, shape: Sequence[int]) -> bool:
    """Whether values of this stored shape are in the same row-major order when read.

    So it is where only axes of length 1 change places.
    """
    longer = [axis for axis in order if shape[axis] > 1]
    return longer == sorted(longer)


def stored_array(order: Order, values: Any, shape: Sequence[int]) -> Any:
    """Return an array that broadcasts to `shape`, as it is stored.

    One that is the same at all places of the new last axis becomes ``(C,)``.
    """
    if np.size(values) == 1:
        return values
    whole = np.broadcast_to(values, shape)
    moved = whole.transpose([order.index(axis) for axis in range(len(order))])
    row = moved[(0,) * (moved.ndim - 1)]
    return np.array(row if (moved == row).all() else moved)
