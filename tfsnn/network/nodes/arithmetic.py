"""Gains, offsets and sums."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

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

    gain: Any = array()
    offset: Any = array(None)

    def apply(self, x: Any) -> Any:
        """Compute y of x, both ``(N, *shape)``."""
        y = x * self.gain
        return y if self.offset is None else y + self.offset

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

    def pass_on(self, spikes: Sequence[Any]) -> Any:
        """Count a spike of another size as one spike."""
        return spikes[0]


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

    def bound(self, reads: Sequence[float]) -> float:
        """Add the bounds of summands; take the largest of what is concatenated."""
        return sum(reads) if self.is_sum else max(reads)

    def passes_shift(self, shapes: Sequence[Shape]) -> Sequence[int]:
        """Name the summands that are not repeated."""
        found = [i for i, shape in enumerate(shapes) if shape == self.shape]
        return found if self.is_sum else []

    def pass_on(self, spikes: Sequence[Any]) -> Any:
        """Join the spikes; beside an analog signal, "concat" is an analog signal."""
        present = [x for x in spikes if x is not None]
        if self.is_sum:
            total = functools.reduce(operator.add, present)
            return tf.broadcast_to(total, (1, *self.shape))  # where a summand repeats
        return self.apply(*spikes) if len(present) == len(spikes) else None
