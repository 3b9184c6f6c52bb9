"""The memory of simulations by layer: how many samples of a network fit into it."""

from __future__ import annotations

import math

from tfsnn.network.graph import Graph
from tfsnn.network.roles import constant_nodes

BUDGET = 2 * 2**30  # bytes, of the signals held
COPIES = 3  # of the largest signal, inside an operation


def last_readers(*graphs: Graph) -> dict[str, list[str]]:
    """Return, by node, the signals that no later node reads in any of the graphs.

    The first graph has the order; the nodes of the others are among its own.
    """
    order = {node.name: i for i, node in enumerate(graphs[0])}
    last: dict[str, int] = {}
    for graph in graphs:
        for node in graph:
            for name in (node.name, *node.inputs):
                last[name] = max(last.get(name, 0), order[node.name])
    names = [node.name for node in graphs[0]]
    freed: dict[str, list[str]] = {}
    for name, index in last.items():
        freed.setdefault(names[index], []).append(name)
    return freed


def fitting_samples(spiking: Graph, ann: Graph, steps: int, samples: int) -> int:
    """Return how many of `samples` samples can be held; at least 8."""
    constant, freed = constant_nodes(spiking), last_readers(spiking, ann)
    floats = {
        node.name: math.prod(node.shape) * (1 if node.name in constant else steps)
        for node in spiking
    }
    live = peak = 0
    for node in spiking:
        live += floats[node.name] + math.prod(node.shape)
        peak = max(peak, live + COPIES * floats[node.name])
        for name in freed.get(node.name, ()):
            live -= floats.get(name, 0) + math.prod(spiking[name].shape)
    return max(min(samples, BUDGET // (4 * peak)), min(8, samples))
