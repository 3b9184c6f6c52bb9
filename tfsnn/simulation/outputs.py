"""What a graph knows of its outputs: names, shapes, and their last functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Function, Rate, Readout, Reshape
from tfsnn.sources.keras_model.structure import OutputKeys
from tfsnn_numpy.tasks import Output

READOUT = "_readout"  # behind the name of the layer, in that of its readout


def outputs_of(
    graph: Graph, keys: OutputKeys = False, heads: Mapping[str, str] | None = None
) -> tuple[Output, ...]:
    """Return the outputs of a graph, in order.

    They have the keys of a dict of outputs as names, else the names of their layers.

    Args:
        graph: the graph of an ANN or a spiking network.
        keys: how the model arranges its outputs.
        heads: heads by output that the graph does not show any more.
    """
    nodes: list[Any] = [graph[name] for name in graph.answers]
    names = [node.name.removesuffix(READOUT) for node in nodes]
    if not isinstance(keys, bool) and len(keys) == len(nodes):
        names = list(keys)
    elif len(set(names)) < len(names):
        names = [str(number) for number in range(len(names))]
    shapes = set(graph.given.values())
    return tuple(
        Output(
            name,
            node.shape,
            (heads or {}).get(name) or head(graph, node),
            node.shape in shapes,
        )
        for name, node in zip(names, nodes, strict=True)
    )


def head(graph: Graph, readout: Readout) -> str:
    """Return the name of the function that gives an output's values, or "linear".

    Behind it there may be changes of shape only. An activation that is bounded to 0..1,
    as a hard sigmoid is, counts as "hard_sigmoid".
    """
    if readout.head != "linear":
        return readout.head
    node = graph[readout.inputs[0]]
    while isinstance(node, Reshape):
        node = graph[node.inputs[0]]
    if isinstance(node, Function):
        return node.op
    bound = node.max_value if type(node) is Rate else None
    return "hard_sigmoid" if bound is not None and np.all(bound == 1) else "linear"
