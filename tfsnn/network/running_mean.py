"""Running means of a stream: they do not grow, and a long stream costs no digits.

The mean of t values follows from that of t - 1 (Welford, Technometrics 4(3), 1962)::

    m(t) = m(t - 1) + (x(t) - m(t - 1)) / t

What float32 loses of a change is kept beside the mean and added to the next change
(Kahan, CACM 8(1), 1965), so that errors do not add up either. Every row of a batch has
a t of its own, for each may have begun at another time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf


class Mean(NamedTuple):
    """A mean so far, and what it lacks by rounding, both ``(B, *shape)``."""

    value: Any
    rest: Any


def no_mean(shape: Any) -> Mean:
    """Return the mean of nothing yet, for values of `shape`, (B, ...)."""
    return Mean(tf.zeros(shape), tf.zeros(shape))


def with_value(mean: Mean, x: Any, count: Any) -> Mean:
    """Return the mean with one value more.

    Args:
        mean: that of the values before.
        x: the value, ``(B, *shape)``.
        count: the number of values with it, ``(B,)``.
    """
    change = (x - mean.value) / for_rows(count, x) + mean.rest
    value = mean.value + change
    return Mean(value, change - (value - mean.value))


def for_rows(numbers: Any, x: Any) -> Any:
    """Return numbers ``(B, ...)``, one for each row, such that they broadcast to x."""
    numbers = tf.cast(numbers, tf.float32)
    return tf.reshape(numbers, (-1,) + (1,) * (len(x.shape) - 1))
