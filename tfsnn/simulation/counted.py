"""Counts of what a population sends: spikes, coefficients, and their operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.clock import Clock
from tfsnn.network.node import Node
from tfsnn.network.nodes import Spiking


def ones(spikes: Any) -> Any:
    """Return 1 for each spike, whatever it carries, and 0 for none."""
    return tf.cast(spikes != 0, tf.float32)


def sends_units(node: Node, clock: Clock) -> bool:
    """Return whether a node sends nothing but -1, 0 and 1 in a step."""
    if clock.by_time:
        return True
    if not isinstance(node, Spiking) or node.population.encodes_input:
        return False
    return node.population.largest_spike <= 1 and not clock.tracks


def counted_columns(fan_outs: Any) -> int:
    """Return how many columns are counted of a node's spikes: two for each weight."""
    return 2 * (1 + (1 if len(fan_outs.shape) == 1 else fan_outs.shape[1]))


def count(spikes: Any, fan_outs: Any, unit: bool = False) -> Any:
    """Count events, coefficients and the operations of both, ``(K * B, 4)``.

    An event is a spike whatever its coefficient; an operation is one synapse that one
    event (or one unit of coefficient) reaches. Fan-outs ``(units, n)`` give more
    columns, two for each of the n.

    Args:
        spikes: coefficients, ``(K * B, *shape)``.
        fan_outs: what a spike of each unit weighs, ``(units,)`` or ``(units, n)``.
        unit: whether coefficients are -1, 0 and 1, so that both counts are the same.
    """
    if len(fan_outs.shape) == 1:
        fan_outs = fan_outs[:, None]
    shape, fan_outs = _alike(fan_outs, spikes.shape[1:])
    weights = tf.concat([tf.ones_like(fan_outs[:, :1]), fan_outs], 1)  # (n, 1 + n)
    flat = tf.reshape(spikes, (-1, *shape))

    def weighed(values: Any) -> Any:
        return tf.matmul(tf.reduce_sum(values, 2), weights)

    coefficients = weighed(tf.abs(flat))
    events = coefficients if unit else weighed(tf.cast(flat != 0, tf.float32))
    both = tf.stack([events, coefficients], 2)
    return tf.reshape(both, (-1, 2 * weights.shape[1]))


def _alike(fan_outs: Any, shape: Sequence[int]) -> tuple[tuple[int, int], Any]:
    """Find units that weigh alike: whole layers, or the channels of each place.

    A sum of spikes takes less time than their product with so few columns.

    Args:
        fan_outs: weights ``(units, n)``, of which those of tensors are not known.
        shape: that of the units.

    Returns:
        The shape ``(places, channels)`` of the units, and weights ``(places, n)``.
    """
    units = fan_outs.shape[0]
    channels = (units, *shape[-1:]) if isinstance(fan_outs, np.ndarray) else ()
    for alike in channels:
        of_place = fan_outs.reshape(-1, alike, fan_outs.shape[1])
        if np.array_equal(of_place, np.broadcast_to(of_place[:, :1], of_place.shape)):
            return of_place.shape[:2], np.ascontiguousarray(of_place[:, 0])
    return (units, 1), fan_outs
