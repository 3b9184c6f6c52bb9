"""Drop a ReLU that only quantised activations read: their rounding clips as it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Max, Rate
from tfsnn.network.nodes.movement import Movement

Consumers = Mapping[str, Sequence[Node]]


def drop_rate_before_levels(graph: Graph) -> Graph:
    """Drop each ReLU whose values are only rounded to levels that it does not cut off.

    They may be moved or pooled by their maximum in between.
    """
    for name in [node.name for node in graph if type(node) is Rate]:
        node: Any = graph[name]  # its input may have been dropped by now
        readers = levels_behind(node, graph.consumers())
        clipped = [r for r in readers if r is not None and _clips(r, node)]
        if node.quantized is None and readers and clipped == readers:
            fate = f"in the levels of {clipped[0].layer}"
            nodes = [other for other in graph if other.name != name]
            graph = graph.rewrite(nodes, {name: node.inputs[0]}, {node.layer: fate})
    return graph


def levels_behind(node: Node, consumers: Consumers) -> list[Rate | None]:
    """Return the quantised activations that read a node, and None for other readers.

    What moves values, or takes maxima, is looked through.
    """
    found: list[Rate | None] = []
    for reader in consumers[node.name]:
        if isinstance(reader, Movement | Max):
            found += levels_behind(reader, consumers)
        else:
            quantised = isinstance(reader, Rate) and reader.quantized is not None
            found.append(reader if quantised else None)  # type: ignore[arg-type]
    return found


def rounded_beside(graph: Graph, node: Affine, consumers: Consumers) -> bool:
    """Whether a gain stands between weights and a quantised activation.

    In the ANN it is computed by itself, and so it has to be for the same roundings.
    """
    behind = any(reader is not None for reader in levels_behind(node, consumers))
    before: Any = graph[node.inputs[0]]
    while isinstance(before, Movement | Max):
        before = graph[before.inputs[0]]
    return behind or (isinstance(before, Rate) and before.quantized is not None)


def _clips(reader: Rate, node: Rate) -> bool:
    """Whether rounding to levels does what the ReLU does, at 0 and at its bound."""
    rounding = reader.rounding
    assert rounding is not None
    if rounding.period is not None:  # beyond the levels it goes on
        return rounding.relu and node.max_value is None
    if rounding.sign != 1:
        return False
    highest = np.asarray(rounding.bound) - 0.5 * np.asarray(rounding.step)
    bound = np.inf if node.max_value is None else np.min(node.max_value)
    return bool(bound > np.max(highest))
