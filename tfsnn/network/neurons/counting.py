"""Neurons that can be computed in integers alone, as chips do.

Potentials, thresholds and currents are then integers, and synapses receive the integer
c that a spike carries, not its size c * threshold: the scale of a layer is in no number
at all. float32 holds integers up to 2^24, and sums and products of them are exact
there, in whatever order they are taken; so is the quotient, rounded down, of
:meth:`Counting.quotient`. :mod:`tfsnn.conversion.integers` makes such neurons, and
refuses networks whose integers may be larger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from tfsnn.network.neurons.population import Emission
from tfsnn.network.neurons.thresholded import Thresholded


@dataclass(frozen=True)
class Counting(Thresholded):
    """A population that computes in integers, if it is told so.

    Attributes:
        counts: whether threshold, potentials and currents are integers, and synapses
            receive what a spike carries in place of its size.
        width: the bits of a potential, sign included, at whose ends it stays; None
            where potentials have no ends, or cannot come to them.
    """

    counts: bool = field(default=False, kw_only=True)
    width: int | None = field(default=None, kw_only=True)

    def value(self, c: Any) -> Any:
        """Return what synapses receive for spikes with coefficients `c`."""
        return c if self.counts else self.spike(c)

    def held(self, potential: Any) -> Any:
        """Return potentials at the ends of their width where they are beyond them."""
        if self.width is None:
            return potential
        low, high = ends(self.width)
        return tf.minimum(tf.maximum(potential, float(low)), float(high))

    def quotient(self, potential: Any) -> Any:
        """Return floor(potential / threshold) of integers."""
        return quotient(potential, self.threshold)

    def potentials(self, low: Any, high: Any, steps: int) -> tuple[Any, Any]:
        """Return what potentials can come to, before neurons fire, in `steps` steps.

        That is for the sum of all currents, and what was sent taken from it.

        Args:
            low, high: the least and the largest current of a step, ``(*units)``.
            steps: the steps of a run.
        """
        return (
            self.initial_potential + steps * tf.minimum(low, 0.0),
            self.initial_potential + steps * tf.maximum(high, 0.0),
        )

    def reached(self, currents: list[Any], sent: Emission) -> Any:
        """Return the largest size of a potential before firing, of what was sent.

        Args:
            currents: those of all steps, each ``(B, *units)``.
            sent: what the neurons sent for them.
        """
        before = [
            after + self.spike(c)
            for after, c in zip(sent.potentials, sent.events, strict=True)
        ]
        return largest(before)


def largest(values: list[Any]) -> Any:
    """Return the largest size of any value."""
    return tf.reduce_max(tf.abs(tf.stack(values)))


def ends(width: int) -> tuple[int, int]:
    """Return the smallest and the largest integer of so many bits."""
    return -(2 ** (width - 1)), 2 ** (width - 1) - 1


def quotient(p: Any, d: Any) -> Any:
    """Return floor(p / d) of integers p and d > 0 in float32, exactly.

    The division may round, so the quotient is mended by what it leaves.
    """
    q = tf.floor(p / d)
    left = p - q * d
    return q + tf.cast(left >= d, q.dtype) - tf.cast(left < 0, q.dtype)
