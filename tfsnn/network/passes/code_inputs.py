"""Code the inputs: put a coder behind each, which sends it as spikes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tfsnn.network.functions.each_value import COMPARISONS
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Coder, Reshape


def code_inputs(graph: Graph, neuron: str) -> Graph:
    """Return the graph with a coder behind each input, which all else reads.

    For inputs in [0, 1] the ANN's outputs do not change. Inputs that are integers, such
    as the numbers of tokens, are left alone. What is compared is the input itself, of
    which spikes may only come near: where a mask leaves a place out.

    Args:
        graph: the graph of the ANN.
        neuron: the kind of the coders, one that encodes inputs
            (:class:`tfsnn.network.neurons.Population`).
    """
    consumers = graph.consumers()

    def wanted(node: Node) -> bool:
        coded = node.name in graph.inputs and node.name not in graph.whole_inputs
        return coded and bool(consumers[node.name])

    return code_values(graph, neuron, wanted)


def code_values(
    graph: Graph,
    neuron: str,
    wanted: Callable[[Node], bool],
    *,
    both_signs: bool = False,
) -> Graph:
    """Return the graph with a coder behind each node that is wanted.

    All that computes with it reads the coder; comparisons and outputs do not.

    Args:
        graph: the graph of the ANN.
        neuron: the kind of the coders.
        wanted: whether a node is to be coded.
        both_signs: whether values may be negative.
    """
    nodes: list[Node] = []
    coded: dict[str, str] = {}
    for node in graph:
        computes = node.reads_values and node.label not in COMPARISONS
        if computes and node.name not in graph.outputs:
            reads = tuple(coded.get(name, name) for name in node.inputs)
            node = node.replace(inputs=reads)
        nodes.append(node)
        if wanted(node):
            nodes += _coder(node, neuron, both_signs)
            coded[node.name] = nodes[-1].name
    return replace(graph, nodes=tuple(nodes))


def _coder(source: Node, neuron: str, both_signs: bool) -> list[Node]:
    name, layer = f"{source.name}_coder", source.layer
    fields: Any = {"layer": layer, "neuron": neuron, "both_signs": both_signs}
    if source.shape:
        return [Coder(name, (source.name,), source.shape, **fields)]
    row, value = f"{name}_row", f"{name}_value"  # populations have channels
    return [
        Reshape(row, (source.name,), (1,), layer=layer),
        Coder(name, (row,), (1,), **fields),
        Reshape(value, (name,), (), layer=layer),
    ]
