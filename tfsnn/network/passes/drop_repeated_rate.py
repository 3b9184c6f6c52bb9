"""Drop a ReLU whose input another ReLU has bounded already."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Average, Max, Rate
from tfsnn.network.nodes.movement import Movement


def drop_repeated_rate(graph: Graph) -> Graph:
    """Drop each ReLU that changes nothing, also behind pooling, which keeps bounds."""
    # Subclasses of Rate compute something else.
    for name in [node.name for node in graph if type(node) is Rate]:
        node: Any = graph[name]  # its input may have been dropped by now
        before: Any = graph[node.inputs[0]]
        averaged = False
        while isinstance(before, Max | Average | Movement):
            averaged |= isinstance(before, Average)
            before = graph[before.inputs[0]]
        if type(before) is Rate and _changes_nothing(node, before, averaged):
            nodes = [other for other in graph if other.name != node.name]
            fate = f"dropped: {before.layer} bounds it already"
            graph = graph.rewrite(
                nodes, {node.name: node.inputs[0]}, {node.layer: fate}
            )
    return graph


def _changes_nothing(node: Rate, before: Rate, averaged: bool) -> bool:
    """Return whether a rate node is the identity on the values of another.

    A quantised one is that for its own steps only, which averaging does not keep.
    """
    if node.rounding is not None:
        alike = node.quantized == before.quantized and not averaged
        # Steps of channels may have moved with the values: only one number is sure.
        one_number = np.size(node.rounding.step) == np.size(node.rounding.levels) == 1
        return alike and one_number and node.rounding.sign == 1
    if node.max_value is None:
        return True
    bounded = before.max_value is not None
    return bounded and bool(np.max(before.max_value) <= np.min(node.max_value))
