"""Write a network on its grid as a network of integers."""

from __future__ import annotations

import numpy as np

from tfsnn.conversion.integers.arrays import WEIGHTED, with_columns
from tfsnn.conversion.integers.grid import Grid
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Linear, Readout, Rounded, Spiking

ONE = np.ones(1)


def write(graph: Graph, grid: Grid) -> Graph:
    """Return the network whose weights, thresholds and potentials are integers.

    Its spikes are those of the network on the grid, computed without rounding; a
    readout has the scale of the integers that it adds up.
    """
    nodes = tuple(_written(node, graph, grid) for node in graph)
    return Graph(nodes, graph.outputs, graph.layers, graph.clock)


def _written(node: Node, graph: Graph, grid: Grid) -> Node:
    if isinstance(node, Rounded):
        return node.replace(unit=1.0)
    if isinstance(node, Spiking):
        return _population(node, grid)
    if isinstance(node, Readout):
        scale = grid.quantum(node.inputs[0])
        if np.all(scale == 1):
            return node
        return node.replace(scale=_one(scale.astype(np.float32)))
    if isinstance(node, WEIGHTED):
        found, offset = grid.integers(node)
        if grid.only_adds(node):
            return node.replace(offset=np.asarray(offset, np.float32))
        written = with_columns(node, found, ONE, offset)
        if isinstance(written, Linear):
            return written.replace(precision=grid.settings.precision)
        return written
    if not node.inputs:
        return node
    form = node.in_integers([graph[name].shape for name in node.inputs])
    if form is None:
        raise TypeError(f"{node.name} is no node of a network of integers")
    return form[0]


def _population(node: Spiking, grid: Grid) -> Spiking:
    quantum = grid.quantum(node.inputs[0])
    threshold = np.rint(1 / quantum)
    start = np.rint(np.asarray(node.initial_potential, np.float64) * threshold)
    below = node.negative_threshold
    if below is not None:
        below = _one(np.rint(np.asarray(below, np.float64) * threshold))
    return node.replace(
        threshold=_one(threshold),
        initial_potential=_one(start),
        negative_threshold=below,
        settings={**node.settings, "counts": True},
    )


def _one(values: np.ndarray) -> float | np.ndarray:
    """Return one number where all are equal, else the array, float32."""
    values = np.asarray(values, np.float32)
    first = values.ravel()[0]
    return float(first) if (values == first).all() else values
