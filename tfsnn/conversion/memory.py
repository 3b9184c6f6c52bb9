"""The memory of simulations by layer: how many samples of a network fit into it."""

from __future__ import annotations

import math
from collections.abc import Collection

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Rate
from tfsnn.network.roles import constant_nodes, spiking_nodes

BUDGET = 2**28  # bytes, of the signals held
FLOAT_BYTES = 4


def held_over_time(graph: Graph) -> frozenset[str]:
    """Return the nodes of a spiking network whose signals are held.

    They are populations, all else that has a state, and what several nodes read. Other
    signals are computed from these wherever they are read; those that do not change
    over time are, too.
    """
    constant, readers = constant_nodes(graph), graph.consumers()
    return frozenset(
        node.name
        for node in graph
        if node.name not in constant
        and node.name not in graph.outputs
        and (node.spikes or not node.linear or len(readers[node.name]) > 1)
    )


def held_values(graph: Graph) -> frozenset[str]:
    """Return the nodes of the ANN whose values are held.

    They are activations, what several nodes read, and what is smaller than its input.
    """
    readers = graph.consumers()

    def kept(node: Node) -> bool:
        read = max(math.prod(graph[before].shape) for before in node.inputs)
        smaller = math.prod(node.shape) < read
        return isinstance(node, Rate) or len(readers[node.name]) > 1 or smaller

    inner = (node for node in graph if node.inputs and node.name not in graph.outputs)
    return frozenset(node.name for node in inner if kept(node))


def last_uses(graph: Graph, held: Collection[str]) -> dict[str, list[str]]:
    """Return, by node, the signals that are used there for the last time.

    A signal that is not held is computed where it is read: what it reads is used there.
    """
    order = {node.name: i for i, node in enumerate(graph)}
    last = dict(order)
    for node in reversed(graph.nodes):
        here = order[node.name] if node.name in held else last[node.name]
        for name in node.inputs:
            last[name] = max(last[name], here)
    used: dict[str, list[str]] = {}
    for name, index in last.items():
        used.setdefault(graph.nodes[index].name, []).append(name)
    return used


def fitting_samples(spiking: Graph, ann: Graph | None, steps: int, samples: int) -> int:
    """Return how many of `samples` samples can be held; at least 8.

    Args:
        spiking: the network that is simulated.
        ann: the ANN beside it, whose nodes are among its own; None for none.
        steps: all steps of the simulation.
        samples: how many are wanted.
    """
    events, held = spiking_nodes(spiking), held_over_time(spiking)
    each = {name: 1 if name in events else FLOAT_BYTES for name in held}
    sizes = {n: each[n] * steps * math.prod(spiking[n].shape) for n in held}
    networks = [(sizes, last_uses(spiking, held))]
    if ann is not None:
        held = held_values(ann)
        sizes = {n: FLOAT_BYTES * math.prod(ann[n].shape) for n in held}
        networks.append((sizes, last_uses(ann, held)))
    live, peak = 0, 1
    for node in spiking:
        live += sum(sizes.get(node.name, 0) for sizes, _ in networks)
        peak = max(peak, live)
        for sizes, used in networks:
            live -= sum(sizes.get(name, 0) for name in used.get(node.name, ()))
    return max(min(samples, BUDGET // peak), min(8, samples))
