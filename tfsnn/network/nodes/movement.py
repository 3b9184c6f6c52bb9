"""Nodes that move values: another shape, another order, a part, a border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.axes import Order, stored
from tfsnn.network.node import Shape
from tfsnn.network.nodes.passing import Passing


class Movement(Passing):
    """A node of which every output value is one of the input values, or zero."""

    def describe(self) -> str:
        """Name the operation."""
        return "reshape"

    def bound(self, reads: Sequence[float]) -> float:
        """Keep the bound of its input."""
        return reads[0]

    def carry(self, unit: np.ndarray, before: Shape) -> np.ndarray:
        """Return the unit of each output value: units move with their values."""
        if (same := super().carry(unit, before)) is not None:
            return same
        full = np.broadcast_to(unit, before)
        moved = np.asarray(self.apply(full[None]))[0]
        moved = np.where(moved == 0, 1.0, moved)  # a zero has any unit
        return moved.ravel() if moved.size == 1 else moved


@dataclass(frozen=True, eq=False)
class Reshape(Movement):
    """The same values in row-major order in another shape (also Flatten)."""

    def apply(self, x: Any) -> Any:
        """Reshape ``(N, ...)`` to ``(N, *shape)``."""
        return tf.reshape(x, (-1, *self.shape))


@dataclass(frozen=True, eq=False)
class Transpose(Movement):
    """A new order of axes: axis i is axis ``order[i]`` of the input, of one sample."""

    order: tuple[int, ...]

    def apply(self, x: Any) -> Any:
        """Transpose ``(N, ...)`` to ``(N, *shape)``."""
        return tf.transpose(x, (0, *(axis + 1 for axis in self.order)))

    def describe(self) -> str:
        """Name the operation."""
        return "transpose"


@dataclass(frozen=True, eq=False)
class Slice(Movement):
    """A part of each axis of one sample, ``x[start:stop:step]``, within its length.

    A step below 0 goes backwards; `stop` is then None where it reaches index 0.
    """

    starts: tuple[int, ...]
    stops: tuple[int | None, ...]
    steps: tuple[int, ...]

    def apply(self, x: Any) -> Any:
        """Cut ``(N, ...)`` to ``(N, *shape)``."""
        ranges = zip(self.starts, self.stops, self.steps, strict=True)
        return x[(slice(None), *(slice(*limits) for limits in ranges))]

    def reordered(self, order: Order) -> Slice:
        """Cut each axis where it is stored."""
        shape, starts, stops, steps = (
            stored(order, values)
            for values in (self.shape, self.starts, self.stops, self.steps)
        )
        return self.replace(shape=shape, starts=starts, stops=stops, steps=steps)

    @property
    def keeps_channels(self) -> bool:
        """Whether the last axis stays as it is."""
        return self.starts[-1] == 0 and self.steps[-1] == 1 and self.stops[-1] is None

    def describe(self) -> str:
        """Name the operation."""
        return "slice"


@dataclass(frozen=True, eq=False)
class Take(Movement):
    """The values at `indices` along `axis` of one sample, in that order."""

    axis: int
    indices: tuple[int, ...]

    def apply(self, x: Any) -> Any:
        """Gather ``(N, *shape)`` from ``(N, ...)``."""
        return tf.gather(x, self.indices, axis=self.axis + 1)

    def reordered(self, order: Order) -> Take:
        """Gather along the axis where it is stored."""
        return self.replace(
            shape=stored(order, self.shape), axis=order[self.axis % len(order)]
        )

    @property
    def keeps_channels(self) -> bool:
        """Whether the last axis stays as it is."""
        return self.axis != len(self.shape) - 1


@dataclass(frozen=True, eq=False)
class Pad(Movement):
    """A border around each sample.

    Attributes:
        amounts: values before and after, per axis of one sample.
        mode: "constant" (zeros), "reflect" or "symmetric", as in NumPy.
    """

    amounts: tuple[tuple[int, int], ...]
    mode: str = "constant"

    def apply(self, x: Any) -> Any:
        """Pad ``(N, ...)`` to ``(N, *shape)``."""
        return tf.pad(x, ((0, 0), *self.amounts), self.mode.upper())

    def reordered(self, order: Order) -> Pad:
        """Surround each axis where it is stored."""
        amounts = stored(order, self.amounts)
        return self.replace(shape=stored(order, self.shape), amounts=amounts)

    @property
    def keeps_channels(self) -> bool:
        """Whether the last axis stays as it is."""
        return tuple(self.amounts[-1]) == (0, 0)

    def describe(self) -> str:
        """Name the operation."""
        return "padding"

    def filled(
        self, reads: Sequence[np.ndarray | None], shapes: Sequence[Shape]
    ) -> np.ndarray | None:
        """Leave the zeros of the border out."""
        (read,) = reads
        if read is None and self.mode == "constant":
            read = np.ones(shapes[0], bool)
        return super().filled([read], shapes)
