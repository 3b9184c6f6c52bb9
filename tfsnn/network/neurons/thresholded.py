"""Neurons with a potential and a threshold: what most kinds have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.network.neurons.population import Population


class State(NamedTuple):
    """The state of the neurons between two steps, each field ``(B, *units)``.

    `unsent` is -E, the lowest coefficient that the next spike may carry; it is empty
    where spikes are unsigned (None cannot go through a ``tf.while_loop``). It is kept
    with that sign because each pass over memory counts here.
    """

    potential: Any
    unsent: Any = ()


@dataclass(frozen=True)
class Thresholded(Population):
    """A population whose spikes have the size of a threshold, a scalar or an array.

    Attributes:
        threshold: the potential that one unit of a spike takes away; > 0.
        initial_potential: the potential before the first step.
    """

    threshold: Any = 1.0
    initial_potential: Any = 0.0

    def initial_state(self, shape: Any) -> Any:
        """Return the state before the first step for units of `shape`, (B, *units)."""
        return State(self._start(shape))

    def spike(self, c: Any) -> Any:
        """Return the size, in units of activation, of spikes with coefficients `c`."""
        return c if is_one(self.threshold) else c * self.threshold

    def _start(self, shape: Any) -> Any:
        return tf.broadcast_to(
            tf.convert_to_tensor(self.initial_potential, tf.float32), shape
        )


def is_one(value: Any) -> bool:
    """Return whether a parameter is the number 1, so that it can be left out."""
    return isinstance(value, int | float) and value == 1


def is_zero(value: Any) -> bool:
    """Return whether a parameter is the number 0, so that it can be left out."""
    return isinstance(value, int | float) and value == 0
