"""The report of a network of integers, put together."""

from __future__ import annotations

import numpy as np

from tfsnn.conversion.integers.bounds import Bounds
from tfsnn.conversion.integers.grid import Grid
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Readout, Rounded, Spiking
from tfsnn.simulation.integers import IntegerLayer, IntegerReport


def report_integers(graph: Graph, grid: Grid, bounds: Bounds) -> IntegerReport:
    """Return the report of a network of integers.

    Args:
        graph: the network.
        grid: what it was made on.
        bounds: what its potentials come to.
    """
    layers = [
        _population(node, bounds) if isinstance(node, Spiking) else _output(node)
        for node in graph
        if isinstance(node, Spiking | Readout)
    ]
    settings = grid.settings
    return IntegerReport(
        settings.precision,
        settings.scales,
        settings.potential_bits,
        {
            node.inputs[0]: (node.step, node.low, node.high)
            for node in graph.of_kind(Rounded)
        },
        tuple(layers),
        tuple(grid.notes),
    )


def _population(node: Spiking, bounds: Bounds) -> IntegerLayer:
    thresholds = np.asarray(node.threshold)
    scales = np.asarray(node.scale) / thresholds
    return IntegerLayer(
        node.name,
        float(scales.min()),
        float(scales.max()),
        int(thresholds.min()),
        int(thresholds.max()),
        bounds.worst[node.name],
        bounds.seen.get(node.name),
    )


def _output(node: Readout) -> IntegerLayer:
    scales = np.asarray(1.0 if node.scale is None else node.scale)
    return IntegerLayer(
        node.name, float(scales.min()), float(scales.max()), 0, 0, 0, None
    )
