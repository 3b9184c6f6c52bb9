"""Operation counts: the synapses that a spike reaches, and the MACs of the ANN.

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

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.roles import (
    ROLES,
    SPIKING,
    constant_nodes,
    roles,
    spiking_nodes,
)


@dataclass(frozen=True)
class Operations:
    """The operations that one sample costs.

    Attributes:
        ann_macs: MACs of one forward pass of the ANN.
        constant_macs: MACs of the SNN, once, where the constant analog input reaches.
        analog_macs: MACs of the SNN, in each step, where other analog signals reach.
        fan_outs: ACs that one spike causes, ``(units,)`` for each node that sends any.
    """

    ann_macs: int
    constant_macs: int
    analog_macs: int
    fan_outs: dict[str, np.ndarray]

    def macs(self, steps: int) -> int:
        """Count the MACs of the SNN in `steps` steps, pre-steps included."""
        return self.constant_macs + steps * self.analog_macs


def count_operations(graph: Graph) -> Operations:
    """Count the connections of a graph, sorted by what they carry."""
    spiking = spiking_nodes(graph)
    constant = constant_nodes(graph)
    macs = {node.name: operations(graph, node) for node in graph if node.multiplies}
    analog = [name for name in macs if not _driven(graph[name], spiking)]
    return Operations(
        ann_macs=sum(macs.values()),
        constant_macs=sum(macs[name] for name in analog if name in constant),
        analog_macs=sum(macs[name] for name in analog if name not in constant),
        fan_outs=_fan_outs(graph, spiking),
    )


def shares(graph: Graph) -> dict[str, float]:
    """Return the share of all operations of one step that each role has, by role.

    Connections that spikes drive, and neurons, are "spiking"; connections that analog
    signals drive are "linear".
    """
    spiking, of_node = spiking_nodes(graph), roles(graph)
    totals = dict.fromkeys(ROLES, 0)
    for node in graph:
        role = SPIKING if _driven(node, spiking) else of_node[node.name]
        totals[role] += operations(graph, node)
    everything = sum(totals.values()) or 1
    return {role: total / everything for role, total in totals.items()}


def operations(graph: Graph, node: Node) -> int:
    """Count the operations of one evaluation of a node, in the ANN."""
    return node.operations([graph[name].shape for name in node.inputs])


def _driven(node: Node, spiking: set[str]) -> bool:
    """Return whether a node computes only where a spike that it reads arrives."""
    return node.event_driven and set(node.inputs) <= spiking


def _fan_outs(graph: Graph, spiking: set[str]) -> dict[str, np.ndarray]:
    """Count the connections of each unit: their number's gradient by its spike."""
    spikes = {
        name: tf.ones((1, *graph[name].shape))
        for name, role in roles(graph).items()
        if role == SPIKING
    }
    with tf.GradientTape() as tape:
        tape.watch(list(spikes.values()))
        values: dict[str, Any] = {}
        total = tf.constant(0.0)
        for node in graph:
            reads = [values.get(name) for name in node.inputs if node.reads_values]
            if node.linear and node.passes_on:
                if any(x is not None for x in reads):
                    values[node.name] = node.pass_on(reads)
            elif _driven(node, spiking) or not node.event_driven:
                total += node.accumulates(reads)
            if node.name in spikes:
                values[node.name] = spikes[node.name]
    gradients = tape.gradient(
        total, spikes, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    return {name: gradient.numpy().ravel() for name, gradient in gradients.items()}
