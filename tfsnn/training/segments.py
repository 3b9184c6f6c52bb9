"""Segments of a spiking graph: what lies between two populations."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from tfsnn.network.graph import Graph


class Segment(NamedTuple):
    """Nodes that are computed together: all up to and with one population.

    Attributes:
        nodes: their names, in the order of the graph.
        reads: names of what they read that they do not compute.
        sends: names of those that later segments read.
    """

    nodes: tuple[str, ...]
    reads: tuple[str, ...]
    sends: tuple[str, ...]


def segments(graph: Graph, constants: Collection[str]) -> list[Segment]:
    """Return the segments in an order in which each reads only earlier ones.

    A node between populations is in the first segment that needs it, so that mostly
    spikes alone go from one segment to another. Outputs are in the last segment; nodes
    that nothing reads are in none.

    Args:
        graph: a spiking graph.
        constants: the nodes that do not change over time; they are in no segment.
    """
    populations = [node.name for node in graph if node.spikes]
    place = {name: i for i, name in enumerate(populations)}
    place |= {name: len(populations) for name in graph.outputs}
    readers = graph.consumers()
    for node in reversed(graph.nodes):
        if node.name not in place and node.name not in constants:
            needed = [place[n.name] for n in readers[node.name] if n.name in place]
            if needed:
                place[node.name] = min(needed)
    found = []
    for i in range(len(populations) + 1):
        nodes = [node for node in graph if place.get(node.name) == i]
        own = tuple(node.name for node in nodes)
        reads = dict.fromkeys(name for node in nodes for name in node.inputs)
        sends = [
            node.name
            for node in nodes
            if any(place.get(n.name, i) > i for n in readers[node.name])
        ]
        outside = tuple(name for name in reads if name not in own)
        found.append(Segment(own, outside, tuple(sends)))
    return found
