"""The layers that spikes reach, and how: what energy models read of a graph.

Work is that of :mod:`tfsnn.network.operations`, taken apart by the layer where a spike
arrives. The spikes of a node are weighed in columns: by 1, by their fan-out, and, where
they reach several layers or places, by what they do at each (:class:`Edge`).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Linear
from tfsnn.network.operations import Operations, operations
from tfsnn.network.roles import Events, events
from tfsnn_numpy.counts import CONVOLUTION, DENSE, Edge, LayerCounts

ONES, FAN_OUT = 0, 1


class Connections(NamedTuple):
    """The layers of a graph, and how spikes reach them.

    Attributes:
        layers: the layers, without work that depends on spikes.
        edges: what the spikes of each node reach.
        columns: the weights of a spike of each unit, ``(units, 1 + n)`` integers by
            node: its fan-out, and n others.
    """

    layers: tuple[LayerCounts, ...]
    edges: tuple[Edge, ...]
    columns: dict[str, np.ndarray]


def connections(graph: Graph, counted: Operations) -> Connections:
    """Take the operations of a graph apart by layer.

    Args:
        graph: the graph.
        counted: its operations.
    """
    known = events(graph)
    macs = operations(graph)
    columns = {
        name: [np.ones_like(fan_out), fan_out]
        for name, fan_out in counted.fan_outs.items()
    }
    edges: list[Edge] = []
    layers: list[LayerCounts] = []
    for node in graph:
        found = _reaching(graph, node, known, columns.keys())
        edges += [
            Edge(
                name,
                node.name,
                _column(columns[name], places),
                _column(columns[name], synapses),
            )
            for name, (places, synapses) in found.items()
        ]
        own = macs[node.name] if node.multiplies else 0
        if found or own or node.spikes:
            layers.append(_layer(graph, node, own, known))
    return Connections(
        tuple(layers),
        tuple(edges),
        {name: np.stack(each[FAN_OUT:], 1) for name, each in columns.items()},
    )


def _layer(graph: Graph, node: Node, macs: int, known: Events) -> LayerCounts:
    facts: dict[str, Any] = {
        "name": node.name,
        "inputs": sum(math.prod(graph[name].shape) for name in node.inputs),
        "outputs": math.prod(node.shape),
        "macs": macs,
        "driven": known.drive(node),
        "constant": node.name in known.constant,
        "neurons": math.prod(node.shape) if node.spikes else 0,
    }
    if isinstance(node, Linear):
        facts |= {
            "kind": DENSE if node.form == "dense" else CONVOLUTION,
            "weights": math.prod(node.kernel.shape),
            "biases": 0 if node.bias is None else node.shape[-1],
            "filters": node.shape[-1],
            "channels": node.channels_reached,
            "window": node.window,
            # The windows of a transposed convolution lie in its output.
            "strides": (1,) * len(node.strides)
            if node.form == "transposed"
            else node.strides,
        }
    return LayerCounts(**facts)


def _reaching(
    graph: Graph, node: Node, known: Events, senders: Collection[str]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the places and synapses of a node that a spike reaches, by its sender."""
    counts_here = known.drive(node) or not node.event_driven
    passes = node.linear and node.passes_on
    if passes or not node.reads_values or not counts_here:
        return {}
    shapes = [graph[name].shape for name in node.inputs]
    behind: dict[str, list[Any]] = {}
    _add(behind, node.inputs, [np.ones((), np.int64)] * len(shapes), 0)
    _add(behind, node.inputs, node.accumulates(shapes), 1)
    found = {}
    nodes = list(graph)
    for before in reversed(nodes[: nodes.index(node)]):
        if before.name not in behind:
            continue
        counts = behind.pop(before.name)
        if before.name in senders:
            places, synapses = (
                np.broadcast_to(each, before.shape).ravel() for each in counts
            )
            found[before.name] = places, synapses
        elif before.linear and before.passes_on:
            shapes = [graph[name].shape for name in before.inputs]
            for i, each in enumerate(counts):
                passed = before.accumulates_behind(each, shapes)
                _add(behind, before.inputs, passed, i)
    return found


def _add(
    behind: dict[str, list[Any]], names: Collection[str], counts: Any, place: int
) -> None:
    for name, count in zip(names, counts, strict=True):
        both = behind.setdefault(name, [0, 0])
        both[place] = both[place] + count


def _column(columns: list[np.ndarray], wanted: np.ndarray) -> int:
    """Return the number of the column that has these weights, a new one if none has."""
    for number, column in enumerate(columns):
        if np.array_equal(column, wanted):
            return number
    columns.append(wanted)
    return len(columns) - 1
