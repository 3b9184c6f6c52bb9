"""Drop a ReLU of what a ReLU bounded already."""

from __future__ import annotations

from typing import Any

from tfsnn.graph import Graph
from tfsnn.nodes import Average, Max, Rate
from tfsnn.nodes.movement import Movement


def drop_repeated_rate(graph: Graph) -> Graph:
    """Drop each rate node that changes nothing, for pooling keeps the bounds."""
    for name in [node.name for node in graph.of_kind(Rate)]:
        node: Any = graph[name]  # its input may have been dropped by now
        before: Any = graph[node.inputs[0]]
        while isinstance(before, Max | Average | Movement):
            before = graph[before.inputs[0]]
        if not isinstance(before, Rate):
            continue
        bounds = (before.max_value, node.max_value)
        if bounds[1] is None or (bounds[0] is not None and bounds[0] <= bounds[1]):
            nodes = [other for other in graph if other.name != node.name]
            fate = f"dropped: {before.layer} bounds it already"
            graph = graph.rewrite(
                nodes, {node.name: node.inputs[0]}, {node.layer: fate}
            )
    return graph
