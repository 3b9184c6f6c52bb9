"""Counts of what a population sends: spikes, coefficients, and their operations."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def ones(spikes: Any) -> Any:
    """Return 1 for each spike, whatever it carries, and 0 for none."""
    return tf.cast(spikes != 0, tf.float32)


def counted_columns(fan_outs: Any) -> int:
    """Return how many columns are counted of a node's spikes: two for each weight."""
    return 2 * (1 + (1 if len(fan_outs.shape) == 1 else fan_outs.shape[1]))


def count(spikes: Any, fan_outs: Any) -> Any:
    """Count events, coefficients and the operations of both, ``(K * B, 4)``.

    An event is a spike whatever its coefficient; an operation is one synapse that one
    event (or one unit of coefficient) reaches. Fan-outs ``(units, n)`` give more
    columns, two for each of the n.
    """
    if len(fan_outs.shape) == 1:
        fan_outs = fan_outs[:, None]
    weights = tf.concat([tf.ones_like(fan_outs[:, :1]), fan_outs], 1)  # (units, 1 + n)
    flat = tf.reshape(spikes, (-1, weights.shape[0]))
    coefficients = tf.matmul(tf.abs(flat), weights)
    events = tf.matmul(tf.cast(flat != 0, tf.float32), weights)
    both = tf.stack([events, coefficients], 2)
    return tf.reshape(both, (-1, 2 * weights.shape[1]))
