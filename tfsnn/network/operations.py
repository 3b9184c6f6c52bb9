"""Synapses counted: what one spike costs, and what the ANN costs.

A multiply-accumulate (MAC) or, for a spike, an accumulate (AC) is counted for each
connection between two units; the padding at borders is not one. A spike goes through
average pooling, reshaping and the like at no cost of its own and costs one AC for each
weight it meets behind them, or for each neuron or running sum that it reaches without
meeting a weight (an identity skip). Weights behind weights, as in a separable
convolution, see an analog signal and cost their MACs in each step. An operation of a
function (a product of signals, a smooth activation) is counted as a MAC, in the ANN
once and in the SNN in each step, unless its inputs are constant.
"""

from __future__ import annotations

import functools
import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.graph import Graph, Node
from tfsnn.network.nodes import (
    Affine,
    Average,
    Function,
    Linear,
    Max,
    Merge,
    Rate,
    Readout,
    Reduce,
    Resize,
    RunningSum,
)
from tfsnn.network.nodes.linear import CHANNELS_LAST
from tfsnn.network.roles import (
    LINEAR,
    ROLES,
    SPIKING,
    constant_nodes,
    roles,
    spiking_nodes,
)

LEAST_SHARE = 1e-6  # of an interpolation: below it is rounding


@dataclass(frozen=True)
class Operations:
    """The cost of one sample.

    Attributes:
        ann_macs: of one forward pass of the ANN.
        constant_macs: of the SNN, once, for what the constant analog input reaches.
        analog_macs: of the SNN, in each step, for what other analog signals reach.
        fan_outs: ACs that one spike causes, ``(units,)`` for each node that sends any.
    """

    ann_macs: int
    constant_macs: int
    analog_macs: int
    fan_outs: dict[str, np.ndarray]

    def macs(self, steps: int) -> int:
        """Of the SNN in `steps` steps, pre-steps included."""
        return self.constant_macs + steps * self.analog_macs


def count_operations(graph: Graph) -> Operations:
    """The connections of a graph, sorted by what they carry."""
    spiking = spiking_nodes(graph)
    constant = constant_nodes(graph)
    macs = {
        node.name: operations(graph, node) for node in graph.of_kind(Linear, Function)
    }
    analog = [
        name
        for name in macs
        if not (isinstance(graph[name], Linear) and graph[name].inputs[0] in spiking)
    ]
    return Operations(
        ann_macs=sum(macs.values()),
        constant_macs=sum(macs[name] for name in analog if name in constant),
        analog_macs=sum(macs[name] for name in analog if name not in constant),
        fan_outs=_fan_outs(graph, spiking),
    )


def shares(graph: Graph) -> dict[str, float]:
    """The share of all operations of one step that each role has, by role.

    Connections that spikes drive, and neurons, are "spiking"; connections that analog
    signals drive are "linear".
    """
    spiking, of_node = spiking_nodes(graph), roles(graph)
    totals = dict.fromkeys(ROLES, 0)
    for node in graph:
        if isinstance(node, Linear):
            driven = node.inputs[0] in spiking
            totals[SPIKING if driven else LINEAR] += operations(graph, node)
        elif isinstance(node, Rate | RunningSum):
            totals[of_node[node.name]] += operations(graph, node)
    everything = sum(totals.values()) or 1
    return {role: total / everything for role, total in totals.items()}


def operations(graph: Graph, node: Node) -> int:
    """Connections of a linear node, operations of a function, one for a neuron."""
    if isinstance(node, Linear):
        return connections(graph, node)
    if isinstance(node, RunningSum):
        return node.operations([graph[name].shape for name in node.inputs])
    return math.prod(node.shape) if isinstance(node, Rate) else 0


def connections(graph: Graph, node: Linear) -> int:
    """The number of connections of a linear node."""
    ones = tf.ones((1, *graph[node.inputs[0]].shape))
    return int(_ones_response(node, ones).numpy().sum(dtype=np.int64))


def _ones_response(node: Linear, x: Any) -> Any:
    return node.multiply(x, tf.ones(node.kernel.shape))


def _fan_outs(graph: Graph, spiking: set[str]) -> dict[str, np.ndarray]:
    """Connections per unit: the gradient of their number by a spike of each unit."""
    senders = [
        node for node in graph if node.name in spiking and isinstance(node, Rate | Max)
    ]
    spikes = {node.name: tf.ones((1, *node.shape)) for node in senders}
    with tf.GradientTape() as tape:
        tape.watch(list(spikes.values()))
        values: dict[str, Any] = {}
        total = tf.constant(0.0)
        for node in graph:
            reads = [values.get(name) for name in node.inputs]
            if isinstance(node, Linear):
                if node.inputs[0] in spiking:
                    total += tf.reduce_sum(_ones_response(node, reads[0]))
            elif isinstance(node, Rate | RunningSum | Readout):
                total += sum(tf.reduce_sum(x) for x in reads if x is not None)
            elif any(x is not None for x in reads):
                values[node.name] = _pass_on(node, reads)
            if node.name in spikes:
                values[node.name] = spikes[node.name]
    gradients = tape.gradient(
        total, spikes, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    return {name: gradient.numpy().ravel() for name, gradient in gradients.items()}


def _pass_on(node: Node, reads: list[Any]) -> Any:
    """The spikes that a node without weights passes on, each counted as one."""
    present = [x for x in reads if x is not None]
    if isinstance(node, Merge):
        if node.form == "add":
            total = functools.reduce(operator.add, present)
            return tf.broadcast_to(total, (1, *node.shape))  # where a summand repeats
        # Beside an analog signal it is an analog signal as a whole.
        return node.apply(*reads) if len(present) == len(reads) else None
    if isinstance(node, Affine):
        return present[0]
    if isinstance(node, Reduce):
        return node.replace(form="sum").apply(present[0])
    if isinstance(node, Average):
        if node.is_global:
            return tf.reduce_sum(present[0], list(range(1, present[0].shape.rank - 1)))
        return _window_sums(node, present[0])
    if isinstance(node, Resize):
        return _reached(node, present[0])
    return node.apply(present[0])


def _window_sums(node: Average, x: Any) -> Any:
    """The sum of each window and channel: with the channels as samples."""
    rank = len(node.size)
    x = tf.transpose(x, (0, rank + 1, *range(1, rank + 1)))
    flat = tf.reshape(x, (-1, *x.shape[2:], 1))
    window = tf.ones((*node.size, 1, 1))
    sums = tf.nn.convolution(
        flat, window, node.strides, node.padding.upper(), CHANNELS_LAST[rank]
    )
    sums = tf.reshape(sums, (-1, x.shape[1], *sums.shape[1:-1]))
    return tf.transpose(sums, (0, *range(2, rank + 2), 1))


def _reached(node: Resize, x: Any) -> Any:
    """The values that have a share in each place of a resized image."""
    return tf.einsum("nhwc,hi,wj->nijc", x, *(_shares(node, x, i) for i in (0, 1)))


def _shares(node: Resize, x: Any, axis: int) -> Any:
    """1 where a place before has a share in one after, along an axis: ``(n, m)``.

    All methods resize the axes one after the other; and not all have a gradient.
    """
    before, after = x.shape[axis + 1], node.shape[axis]
    lines = tf.reshape(tf.eye(before), (before, before, 1, 1))
    resized = node.replace(shape=(after, 1, 1)).apply(lines)
    return tf.cast(tf.abs(resized[:, :, 0, 0]) > LEAST_SHARE, tf.float32)
