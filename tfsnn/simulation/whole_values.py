"""Networks whose spikes are digits, run by the values that the digits stand for.

A layer of positional codes has all steps of its input before it sends its first spike,
and reads nothing but their weighted mean. What lies between two populations is linear,
or a function of that mean: so it is computed once, of the mean, and not in every step.
Spikes are what they are, but where a sum in float32 is rounded otherwise.

Step by step go the populations, what the outputs read, for they are read after each
step as well, and nodes that work on digits.
"""

from __future__ import annotations

import tensorflow as tf

from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Product
from tfsnn.network.signals import Signal


def by_value(graph: Graph) -> bool:
    """Return whether a network is run by values: one with products of spike trains.

    Others have numbers that are exact where those of the ANN are short, which a mean
    would round.
    """
    if not graph.of_kind(Product):
        return False
    clock = graph.clock
    if clock.base == 1 or clock.exact or clock.changing or clock.tracks:
        return False
    return clock.layer_by_layer and not (clock.pre_steps or clock.delay)


def in_steps(graph: Graph) -> frozenset[str]:
    """Return the nodes that are advanced step by step all the same, by name."""
    found: set[str] = set()
    wanted: set[str] = set()  # what those read that need each step
    for node in reversed(graph.nodes):
        own = type(node).advance not in (Node.advance, Product.advance)
        output = node.name in graph.outputs
        if node.spikes or own or output or (node.linear and node.name in wanted):
            found.add(node.name)
        if output or (own and not node.spikes) or (node.linear and node.name in wanted):
            wanted |= set(node.inputs)
    return frozenset(found)


def whole(signal: Signal, clock: Clock) -> Signal:
    """Return the mean of a signal over all its steps, as one of a single step."""
    if signal.constant or signal.k == 1:
        return Signal(signal.tensor, 1)
    k = signal.k
    steps = tf.reshape(signal.tensor, (k, -1))
    weights = [[float(clock.base ** (k - 1 - t)) for t in range(k)]]
    total = tf.matmul(tf.constant(weights), steps)
    shape = tf.concat([[-1], tf.shape(signal.tensor)[1:]], 0)
    mean = tf.reshape(total / clock.weight(k), shape)
    mean.set_shape((None, *signal.tensor.shape[1:]))
    return Signal(mean, 1)
