"""Nodes of networks in which spikes are digits: products and maxima of spike trains.

And what is known of masks before the first spike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfsnn.network import functions
from tfsnn.network.clock import Clock
from tfsnn.network.node import Node, Shape
from tfsnn.network.nodes.function import Function
from tfsnn.network.signals import Advanced, Signal, fold
from tfsnn.network.units import ONE, Rescaled


@dataclass(frozen=True, eq=False)
class Product(Node):
    """A product of two spike trains, whose spikes are digits of whole values.

    A layer has all digits of its input before it sends its first. So those of the
    second signal add up to numbers, as weights are, in a register each; then every
    spike of the first adds the numbers that it meets, shifted by its place. That is
    each digit of one times each digit of the other, and exact.

    Attributes:
        op: the product, a name in :data:`tfsnn.network.functions.FUNCTIONS`: "matmul",
            "einsum" or "multiply".
        options: its arguments beside the two signals, JSON.
    """

    event_driven: ClassVar[bool] = True
    joins_constants: ClassVar[bool] = True

    op: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name of the product."""
        return self.op

    def apply(self, *xs: Any) -> Any:
        """Compute the product of two signals ``(N, ...)``: ``(N, *shape)``."""
        return functions.FUNCTIONS[self.op](*xs, **self.options)

    def describe(self) -> str:
        """Name the operation."""
        return "product of two spike trains"

    def operations(self, shapes: Sequence[Shape]) -> int:
        """Count the products as the table of functions does."""
        return functions.FUNCTIONS[self.op].cost(shapes, self.shape, self.options)

    def accumulates(self, shapes: Sequence[Shape]) -> Sequence[np.ndarray]:
        """Count the numbers that a spike of the first signal meets, on the average.

        A spike of the second one goes into a register of its own.
        """
        met = self.operations(shapes) / math.prod(shapes[0])
        return [np.full((), round(met), np.int64), np.ones((), np.int64)]


@dataclass(frozen=True, eq=False)
class Known(Function):
    """A function of signals that are constant, such as a mask: no running sum."""

    linear: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class Gate(Node):
    """A signal where a constant mask of 1 and 0 lets it through, and 0 elsewhere.

    Its inputs are the signal and the mask, which broadcasts to its shape.
    """

    linear: ClassVar[bool] = True
    passes_on: ClassVar[bool] = True
    joins_constants: ClassVar[bool] = True

    @property
    def keeps_channels(self) -> bool:
        """True: each value is the one at its own place, or 0."""
        return True

    def apply(self, x: Any, mask: Any) -> Any:
        """Let ``(N, *shape)`` through where the mask is 1."""
        return x * mask

    def describe(self) -> str:
        """Name the operation."""
        return "what a mask keeps"

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Keep the unit of the signal."""
        return Rescaled(self, units[0], [units[0], ONE])

    def accumulates_behind(
        self, behind: np.ndarray, shapes: Sequence[Shape]
    ) -> Sequence[np.ndarray]:
        """Count what is behind it as if nothing was left out, and none of the mask."""
        return [behind, np.zeros((), np.int64)]


@dataclass(frozen=True, eq=False)
class DigitMax(Node):
    """The largest of several values over an axis, found digit by digit.

    In each step those units are left over whose digit is the largest of those that were
    left over before, and that digit is sent: of digits of one sign for each value, the
    first in which two values differ tells the larger one. So it sends spikes where it
    reads spikes.

    Inputs are the values and, if some do not count, a mask of 1 and 0, which broadcasts
    to their shape; where it is 0 everywhere it sends nothing.

    Attributes:
        axes: the axes of one sample, which are kept with length 1.
    """

    passes_on: ClassVar[bool] = True
    joins_constants: ClassVar[bool] = True
    pools_digits: ClassVar[bool] = True
    multiplies: ClassVar[bool] = False

    axes: tuple[int, ...]

    @property
    def integers(self) -> bool:
        """True: it sends digits that it reads."""
        return True

    def apply(self, x: Any, mask: Any = None) -> Any:
        """Compute the maximum of ``(N, ...)``: ``(N, *shape)``."""
        axes = [axis + 1 for axis in self.axes]
        if mask is None:
            return tf.reduce_max(x, axes, keepdims=True)
        kept = tf.broadcast_to(mask > 0.5, tf.shape(x))
        most = tf.reduce_max(tf.where(kept, x, x.dtype.min), axes, keepdims=True)
        return tf.where(tf.reduce_any(kept, axes, keepdims=True), most, 0.0)

    def describe(self) -> str:
        """Name the operation."""
        return "maximum of digits"

    def initial_state(self, batch: Any, shapes: Sequence[Shape | None]) -> Any:
        """Return None: it reads all steps at once."""
        return None

    @property
    def needs_all_steps(self) -> bool:
        """True: it goes through the digits of whole values."""
        return True

    def advance(self, reads: Sequence[Signal], state: Any, clock: Clock) -> Advanced:
        """Send, in each step, the largest digit of the units that are left over."""
        axes = [axis + 1 for axis in self.axes]
        digits = reads[0].steps()
        left = tf.ones_like(digits[0], tf.bool)
        if len(reads) > 1:
            left = left & (reads[1].steps()[0] > 0.5)
        some = tf.reduce_any(left, axes, keepdims=True)
        sent = []
        for digit in digits:
            known = tf.where(left, digit, digit.dtype.min)
            most = tf.where(some, tf.reduce_max(known, axes, keepdims=True), 0.0)
            left = left & (digit >= most)
            sent.append(most)
        return Advanced(fold(sent))

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Keep the unit of the values, if it is the same for all of them."""
        unit = units[0] if units[0].size == 1 else ONE
        return Rescaled(self, unit, [unit, *([ONE] * (len(units) - 1))])
