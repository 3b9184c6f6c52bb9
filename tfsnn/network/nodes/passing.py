"""The base of nodes that spikes and the units of values go through unchanged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import tensorflow as tf

from tfsnn.network.node import Node, Shape
from tfsnn.network.units import Rescaled, compressed

DIGIT = 4096  # numbers of values are moved in two digits of this base


class Passing(Node):
    """A node of one input with f(u * x) = u * f(x), which is silent where x is 0.

    Linear over time unless a kind says otherwise; it has no weights.
    """

    linear: ClassVar[bool] = True
    passes_on: ClassVar[bool] = True

    def carry(self, unit: np.ndarray, before: Shape) -> np.ndarray | None:
        """Return the unit of the output where the input, of shape `before`, has `unit`.

        None where values of different units would be mixed.
        """
        per_channel = unit.ndim == 1 and self.keeps_channels
        return unit if unit.size == 1 or per_channel else None

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Keep the unit of the input, where values of different units do not mix."""
        carried = self.carry(units[0], shapes[0])
        if carried is None:
            return super().rescaled(units, shapes, wish)
        return Rescaled(self, compressed(carried), units)

    @property
    def integers(self) -> bool:
        """True: each value that it sends is one that it reads, or zero."""
        return True

    def in_integers(self, shapes: Sequence[Shape]) -> tuple[Self, int] | None:
        """Return the node itself, where each value that it sends is one it reads."""
        return (self, 1) if self.integers else None

    def accumulates_behind(
        self, behind: np.ndarray, shapes: Sequence[Shape]
    ) -> Sequence[np.ndarray]:
        """Add up what is behind all places to which a value is moved.

        Raises:
            NotImplementedError: for a kind that does more than to move values.
        """
        (before,) = shapes
        origins = self._origins(before)
        counts = np.broadcast_to(behind, self.shape).ravel()[origins >= 0]
        total = np.bincount(origins[origins >= 0], counts, math.prod(before))
        return [total.astype(np.int64).reshape(before)]

    def filled(
        self, reads: Sequence[np.ndarray | None], shapes: Sequence[Shape]
    ) -> np.ndarray | None:
        """Return where it puts, or joins, values that are more than padding."""
        (read,) = reads
        return None if read is None else self._computed(read[None])[0] != 0

    def _origins(self, before: Shape) -> np.ndarray:
        """Return which value of the input each output value is; -1 for a zero.

        Found by moving the values' numbers, in two digits, which float32 holds exactly;
        a sample of noise shows whether values are moved only.
        """
        numbers = np.arange(1, math.prod(before) + 1).reshape(before)
        noise = np.random.default_rng(0).uniform(1, 2, before)
        low, high, moved = self._computed(
            np.stack([numbers % DIGIT, numbers // DIGIT, noise])
        )
        origins = (low + DIGIT * high.astype(np.float64)).ravel() - 1
        expected = np.append(noise.astype(np.float32).ravel(), 0)
        whole = origins.astype(np.int64)
        inside = (whole == origins) & (whole >= -1) & (whole < noise.size)
        if not (inside.all() and (expected[whole] == moved.ravel()).all()):
            raise NotImplementedError(
                f"{self.label} does more than to move values, so what spikes cost "
                "behind it is not known: give it accumulates_behind, and integers that "
                "says False"
            )
        return whole

    def _computed(self, values: np.ndarray) -> np.ndarray:
        """Compute the node for some samples, also where a function is being traced."""
        with tf.init_scope():
            return np.asarray(self.apply(tf.constant(values, tf.float32)))
