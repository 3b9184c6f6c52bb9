"""Gains, offsets and sums."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tensorflow as tf

from tfsnn.network.axes import Order, stored, stored_array
from tfsnn.network.node import Node, Shape, array
from tfsnn.network.units import ONE, Rescaled


@dataclass(frozen=True, eq=False)
class Affine(Node):
    """A gain and an offset: y = gain * x + offset.

    Attributes:
        gain: the factor, which broadcasts to the shape.
        offset: the summand, which broadcasts likewise, or None.
    """

    linear: ClassVar[bool] = True
    passes_on: ClassVar[bool] = True

    gain: Any = array(trained=True)
    offset: Any = array(None, trained=True)

    def apply(self, x: Any) -> Any:
        """Compute y of x, both ``(N, *shape)``."""
        y = x * self.gain
        return y if self.offset is None else y + self.offset

    def reordered(self, order: Order) -> Affine:
        """Reorder gain and offset."""
        gain, offset = (
            None if values is None else stored_array(order, values, self.shape)
            for values in (self.gain, self.offset)
        )
        return self.replace(shape=stored(order, self.shape), gain=gain, offset=offset)

    def describe(self) -> str:
        """Name the operation."""
        return "gain and offset"

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Write the input's unit and the unit that is wished into gain and offset."""
        gain = np.asarray(self.gain * units[0] / wish, np.float32)
        offset = self.offset
        if offset is not None:
            offset = np.asarray(offset / wish, np.float32)
        return Rescaled(self.replace(gain=gain, offset=offset), wish, units)

    def shifted(self, shift: np.ndarray) -> Affine:
        """Add ``(C,)`` to the offset."""
        offset = 0.0 if self.offset is None else np.asarray(self.offset)
        return self.replace(offset=(offset + shift).astype(np.float32))

    def accumulates_behind(
        self, behind: np.ndarray, shapes: Sequence[Shape]
    ) -> Sequence[np.ndarray]:
        """Count a spike of another size as one spike."""
        return [unrepeated(behind, self.shape, shapes[0])]

    def filled(
        self, reads: Sequence[np.ndarray | None], shapes: Sequence[Shape]
    ) -> np.ndarray | None:
        """Return what is filled of its input; an offset fills everything."""
        (read,) = reads
        if self.offset is not None or read is None:
            return None
        return np.broadcast_to(read, self.shape)


@dataclass(frozen=True, eq=False)
class Merge(Node):
    """The sum ("add") of inputs of equal rank, or their concatenation ("concat").

    Attributes:
        form: "add" or "concat".
        axis: the axis of a concatenation, counting the axes of one sample from 0.
        repeats: whether a summand has axes of length 1 where others are longer.
    """

    linear: ClassVar[bool] = True
    passes_on: ClassVar[bool] = True

    form: str
    axis: int = -1
    repeats: bool = False

    @property
    def is_sum(self) -> bool:
        """Whether it is a sum."""
        return self.form == "add"

    @property
    def keeps_channels(self) -> bool:
        """Whether it is a sum of inputs of equal shape."""
        return self.is_sum and not self.repeats

    def apply(self, *xs: Any) -> Any:
        """Join several ``(N, ...)`` to ``(N, *shape)``."""
        if self.form == "concat":
            return tf.concat(xs, self.axis + 1)
        return functools.reduce(operator.add, xs)

    def reordered(self, order: Order) -> Merge:
        """Concatenate along the axis where it is stored."""
        axis = -1 if self.is_sum else order[self.axis]
        return self.replace(shape=stored(order, self.shape), axis=axis)

    def describe(self) -> str:
        """Name the operation."""
        return "sum of its inputs" if self.is_sum else "concatenation"

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Bring all summands to one unit; concatenate units as far as that goes."""
        if self.is_sum:
            unit = wish if self.keeps_channels else ONE
            return Rescaled(self, unit, [unit] * len(units))
        per_channel = all(unit.ndim == 1 for unit in units)
        if per_channel and self.axis == len(self.shape) - 1:
            spread = [
                np.broadcast_to(unit, shape[-1])
                for unit, shape in zip(units, shapes, strict=True)
            ]
            return Rescaled(self, np.concatenate(spread), units)
        if per_channel and all(np.array_equal(units[0], unit) for unit in units):
            return Rescaled(self, units[0], units)
        return super().rescaled(units, shapes, wish)

    def in_integers(self, shapes: Sequence[Shape]) -> tuple[Self, int] | None:
        """Return the node itself."""
        return self, 1

    def bound(self, reads: Sequence[float]) -> float:
        """Add the bounds of summands; take the largest of what is concatenated."""
        return sum(reads) if self.is_sum else max(reads)

    def passes_shift(self, shapes: Sequence[Shape]) -> Sequence[int]:
        """Name the summands that are not repeated."""
        found = [i for i, shape in enumerate(shapes) if shape == self.shape]
        return found if self.is_sum else []

    @property
    def integers(self) -> bool:
        """Whether it is a concatenation, which leaves each value alone."""
        return not self.is_sum

    def accumulates_behind(
        self, behind: np.ndarray, shapes: Sequence[Shape]
    ) -> Sequence[np.ndarray]:
        """Count a summand's spikes where they are repeated; take those joined apart."""
        if self.is_sum:
            return [unrepeated(behind, self.shape, shape) for shape in shapes]
        full = np.broadcast_to(behind, self.shape)
        ends = np.cumsum([shape[self.axis] for shape in shapes])[:-1]
        return np.split(full, ends, self.axis)

    def filled(
        self, reads: Sequence[np.ndarray | None], shapes: Sequence[Shape]
    ) -> np.ndarray | None:
        """Return what any summand fills, or each of what is joined."""
        if all(read is None for read in reads):
            return None
        whole = [
            np.ones(shape, bool) if read is None else read
            for read, shape in zip(reads, shapes, strict=True)
        ]
        if self.is_sum:
            return functools.reduce(np.logical_or, whole)
        return np.concatenate(whole, self.axis)


def unrepeated(counts: np.ndarray, shape: Shape, before: Shape) -> np.ndarray:
    """Add up counts that broadcast to `shape` where `before` has an axis of length 1.

    Both shapes have the same rank.
    """
    axes = [i for i, n in enumerate(before) if n == 1 and shape[i] > 1]
    if not axes:
        return counts
    return np.broadcast_to(counts, shape).sum(tuple(axes), keepdims=True)
