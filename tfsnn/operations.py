"""Synapses counted: what one spike costs, and what the ANN costs.

A multiply-accumulate (MAC) or, for a spike, an accumulate (AC) is counted for each
connection between two units; the padding at borders is not one. A spike goes through
average pooling, reshaping and the like at no cost of its own and costs one AC for each
weight it meets behind them, or for each neuron or pooling unit that it reaches without
meeting a weight (an identity skip). Weights behind weights, as in a separable
convolution, see an analog signal and cost their MACs in each step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.graph import Graph, Node
from tfsnn.nodes import Affine, Average, Linear, Max, Merge, Rate, Readout
from tfsnn.simulate import constant_nodes


@dataclass(frozen=True)
class Operations:
    """The cost of one sample.

    Attributes:
        ann_macs: of one forward pass of the ANN.
        constant_macs: of the SNN, once, for weights on the constant analog input.
        analog_macs: of the SNN, in each step, for weights on other analog signals.
        fan_outs: ACs that one spike causes, ``(units,)`` for each node that sends any.
    """

    ann_macs: int
    constant_macs: int
    analog_macs: int
    fan_outs: dict[str, np.ndarray]


def count_operations(graph: Graph) -> Operations:
    """The connections of a graph, sorted by what they carry."""
    spiking = spiking_nodes(graph)
    constant = constant_nodes(graph)
    linears = graph.of_kind(Linear)
    macs = {node.name: connections(graph, node) for node in linears}
    return Operations(
        ann_macs=sum(macs.values()),
        constant_macs=sum(macs[node.name] for node in linears if node.name in constant),
        analog_macs=sum(
            macs[node.name]
            for node in linears
            if node.inputs[0] not in spiking and node.name not in constant
        ),
        fan_outs=_fan_outs(graph, spiking),
    )


def connections(graph: Graph, node: Linear) -> int:
    """The number of connections of a linear node."""
    ones = tf.ones((1, *graph[node.inputs[0]].shape))
    return int(_ones_response(node, ones).numpy().sum(dtype=np.int64))


def spiking_nodes(graph: Graph) -> set[str]:
    """The nodes whose outputs are events: spikes, or spikes passed on."""
    spiking: set[str] = set()
    for node in graph:
        passed_on = node.inputs and set(node.inputs) <= spiking
        if isinstance(node, Rate) or (passed_on and not isinstance(node, Linear)):
            spiking.add(node.name)
    return spiking


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
            elif isinstance(node, Rate | Max | Readout):
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
            return tf.add_n(present)
        # Beside an analog signal it is an analog signal as a whole.
        return node.apply(*reads) if len(present) == len(reads) else None
    if isinstance(node, Affine):
        return present[0]
    if isinstance(node, Average):
        windows = tf.ones((*node.size, present[0].shape[-1], 1))
        if node.is_global:
            return tf.reduce_sum(present[0], list(range(1, present[0].shape.rank - 1)))
        return tf.nn.depthwise_conv2d(
            present[0], windows, (1, *node.strides, 1), node.padding.upper()
        )
    return node.apply(present[0])
