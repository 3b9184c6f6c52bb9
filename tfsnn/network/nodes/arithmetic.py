"""Gains, offsets and sums."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfsnn.network.graph import Node, array


@dataclass(frozen=True, eq=False)
class Affine(Node):
    """y = gain * x + offset; both broadcast to the shape, `offset` may be None."""

    gain: Any = array()
    offset: Any = array(None)

    def apply(self, x: Any) -> Any:
        """``(N, *shape)`` to the same."""
        y = x * self.gain
        return y if self.offset is None else y + self.offset


@dataclass(frozen=True, eq=False)
class Merge(Node):
    """The sum ("add") of inputs of equal rank, or their concatenation ("concat").

    Attributes:
        form: "add" or "concat".
        axis: of a concatenation, counting the axes of one sample from 0.
        repeats: whether a summand has axes of length 1 where others are longer.
    """

    form: str
    axis: int = -1
    repeats: bool = False

    @property
    def keeps_channels(self) -> bool:
        """Whether it is a sum of inputs of equal shape."""
        return self.form == "add" and not self.repeats

    def apply(self, *xs: Any) -> Any:
        """Several ``(N, ...)`` to ``(N, *shape)``."""
        if self.form == "concat":
            return tf.concat(xs, self.axis + 1)
        return functools.reduce(operator.add, xs)
