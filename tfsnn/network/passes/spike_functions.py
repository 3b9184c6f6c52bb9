"""Let smooth activations spike, for methods whose neurons compute them."""

from __future__ import annotations

from collections.abc import Collection

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Function, SmoothRate


def spike_functions(graph: Graph, functions: Collection[str]) -> Graph:
    """Make each function of one signal that is among `functions` a population.

    The ANN's outputs, names and shapes stay; what was a running sum now spikes.
    """
    nodes = [
        SmoothRate(
            node.name,
            node.inputs,
            node.shape,
            layer=node.layer,
            op=node.op,
            options=node.options,
        )
        if isinstance(node, Function) and node.op in functions and len(node.inputs) == 1
        else node
        for node in graph
    ]
    return graph.rewrite(nodes, {}, {})
