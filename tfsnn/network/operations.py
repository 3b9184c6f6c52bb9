"""Operation counts: the synapses that a spike reaches, and the MACs of the ANN.

A multiply-accumulate (MAC) or, for a spike, an accumulate (AC) is counted for each
connection between two units. The padding at borders is no unit, be it that of a
convolution or of a layer of its own before it: products with its zeros are neither MACs
of the ANN nor ACs of the SNN. So the fan-outs of all units that weights read are as
many as the MACs of these weights. All counts are integers that follow from shapes.

A spike goes through average pooling, reshaping and the like at no cost of its own and
costs one AC for each weight it meets behind them, or for each neuron or running sum
that it reaches without meeting a weight (an identity skip). Weights behind weights, as
in a separable convolution, see an analog signal and cost their MACs in each step. An
operation of a function (a product of signals, a smooth activation) is counted as a MAC,
in the ANN once and in the SNN in each step, unless its inputs are constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.node import Shape
from tfsnn.network.roles import (
    ROLES,
    SPIKING,
    Events,
    events,
    roles,
)


@dataclass(frozen=True)
class Operations:
    """The operations that one sample costs.

    Attributes:
        ann_macs: MACs of one forward pass of the ANN.
        constant_macs: MACs of the SNN, once, where the constant analog input reaches.
        analog_macs: MACs of the SNN, in each step, where other analog signals reach.
        fan_outs: ACs that one spike causes, integers ``(units,)`` for each node that
            sends any.
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
    known = events(graph)
    counted = operations(graph)
    macs = {node.name: counted[node.name] for node in graph if node.multiplies}
    analog = [name for name in macs if not known.drive(graph[name])]
    return Operations(
        ann_macs=sum(macs.values()),
        constant_macs=sum(macs[name] for name in analog if name in known.constant),
        analog_macs=sum(macs[name] for name in analog if name not in known.constant),
        fan_outs=_fan_outs(graph, known),
    )


def shares(graph: Graph) -> dict[str, float]:
    """Return the share of all operations of one step that each role has, by role.

    Connections that spikes drive, and neurons, are "spiking"; connections that analog
    signals drive are "linear".
    """
    known, of_node = events(graph), roles(graph)
    counted = operations(graph)
    totals = dict.fromkeys(ROLES, 0)
    for node in graph:
        role = SPIKING if known.drive(node) else of_node[node.name]
        totals[role] += counted[node.name]
    everything = sum(totals.values()) or 1
    return {role: total / everything for role, total in totals.items()}


def operations(graph: Graph) -> dict[str, int]:
    """Count the operations of one evaluation of each node, in the ANN, by name."""
    filled = _filled(graph)
    found: dict[str, int] = {}
    for node in graph:
        shapes = [graph[name].shape for name in node.inputs]
        if node.event_driven and len(shapes) == 1:
            parts = zip(node.inputs, shapes, node.accumulates(shapes), strict=True)
            found[node.name] = sum(
                _total(counts, shape, filled[name]) for name, shape, counts in parts
            )
        else:
            found[node.name] = node.operations(shapes)
    return found


def _filled(graph: Graph) -> dict[str, np.ndarray | None]:
    """Return which values of each node are more than padding; None for all."""
    filled: dict[str, np.ndarray | None] = {}
    for node in graph:
        shapes = [graph[name].shape for name in node.inputs]
        filled[node.name] = node.filled([filled[n] for n in node.inputs], shapes)
    return filled


def _total(counts: np.ndarray, shape: Shape, filled: np.ndarray | None) -> int:
    """Sum counts that broadcast to a shape, over the values that are filled."""
    if filled is None:
        return int(counts.sum(dtype=np.int64)) * math.prod(shape) // counts.size
    return int(np.broadcast_to(counts, shape)[filled].sum(dtype=np.int64))


def _fan_outs(graph: Graph, known: Events) -> dict[str, np.ndarray]:
    """Count what a spike of each unit causes, from the outputs to the inputs."""
    behind: dict[str, np.ndarray] = {}
    for node in reversed(graph.nodes):
        shapes = [graph[name].shape for name in node.inputs]
        counts: Sequence[np.ndarray] = []
        if node.linear and node.passes_on:
            if node.name in behind:
                counts = node.accumulates_behind(behind[node.name], shapes)
        elif node.reads_values and (known.drive(node) or not node.event_driven):
            counts = node.accumulates(shapes)
        for name, count in zip(node.inputs, counts, strict=False):
            behind[name] = behind.get(name, 0) + count
    return {
        name: np.broadcast_to(behind.get(name, 0), graph[name].shape).ravel()
        for name, role in roles(graph).items()
        if role == SPIKING
    }
