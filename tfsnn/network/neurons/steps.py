"""The values of several steps in one tensor, which is a list of them as well.

A program of many steps is traced in a fraction of the time where a population computes
all steps in one operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfsnn.network.rounding import step_weight, weighted_sum


class Steps(list[Any]):
    """The values of k steps, each ``(B, *units)``.

    Attributes:
        stacked: all of them, ``(k, B, *units)``.
    """

    def __init__(self, values: Any) -> None:
        """Take the values of all steps, stacked; their number is known."""
        super().__init__(tf.unstack(values))
        self.stacked = values

    def folded(self) -> Any:
        """Return all steps as one tensor, ``(k * B, *units)``."""
        values = self.stacked
        shape = tf.shape(values)
        folded = tf.reshape(values, tf.concat([[-1], shape[2:]], 0))
        folded.set_shape((None, *values.shape[2:]))
        return folded


def stacked(steps: Sequence[Any]) -> Any:
    """Return the values of steps as one tensor ``(k, B, *units)``."""
    return steps.stacked if isinstance(steps, Steps) else tf.stack(steps)


def total_current(currents: Sequence[Any], base: int) -> Any:
    """Return the sum of currents, each weighing `base` times the next, the last 1."""
    first = currents[0]
    if all(current is first for current in currents):
        return first * step_weight(base, len(currents))
    return weighted_sum(currents, base)
