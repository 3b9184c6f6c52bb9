"""Code the inputs: put neurons behind each, which send it as spikes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tfsnn.network.functions.each_value import COMPARISONS
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Coder, Rate, Reshape

COUNTED = "_spikes"  # the end of the name of a population at an end


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
    return code_values(graph, neuron, _read_inputs(graph))


def spiking_inputs(graph: Graph) -> Graph:
    """Return the graph with a population behind each input, which all else reads.

    It is planned like any other, so its spikes are those of the method. For inputs
    that are not negative the ANN's outputs do not change; integers are left alone, and
    comparisons read the input itself (:func:`code_inputs`).
    """

    def population(source: Node) -> list[Node]:
        return [Rate(source.name + COUNTED, (source.name,), source.shape)]

    return put_behind(graph, _read_inputs(graph), population)


def _read_inputs(graph: Graph) -> Callable[[Node], bool]:
    """Return whether a node is an input that is read, and not of integers."""
    consumers = graph.consumers()

    def wanted(node: Node) -> bool:
        coded = node.name in graph.inputs and node.name not in graph.whole_inputs
        return coded and bool(consumers[node.name])

    return wanted


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
    return put_behind(graph, wanted, lambda node: _coder(node, neuron, both_signs))


def put_behind(
    graph: Graph, wanted: Callable[[Node], bool], made: Callable[[Node], list[Node]]
) -> Graph:
    """Return the graph with nodes behind each that is wanted.

    All that computes with it reads the last of them; comparisons and outputs do not.

    Args:
        graph: the graph of the ANN.
        wanted: whether something is put behind a node.
        made: the nodes that are put behind one, of which the first reads it.
    """
    nodes: list[Node] = []
    behind: dict[str, str] = {}
    for node in graph:
        computes = node.reads_values and node.label not in COMPARISONS
        if computes and node.name not in graph.outputs:
            reads = tuple(behind.get(name, name) for name in node.inputs)
            node = node.replace(inputs=reads)
        nodes.append(node)
        if wanted(node):
            nodes += made(node)
            behind[node.name] = nodes[-1].name
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
