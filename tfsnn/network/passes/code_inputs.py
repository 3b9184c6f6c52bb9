"""Code the inputs: put a coder behind each, which sends it as spikes."""

from __future__ import annotations

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
    nodes: list[Node] = []
    coded: dict[str, str] = {}
    for node in graph:
        if node.reads_values and node.label not in COMPARISONS:
            reads = tuple(coded.get(name, name) for name in node.inputs)
            node = node.replace(inputs=reads)
        nodes.append(node)
        codes = node.name in graph.inputs and node.name not in graph.whole_inputs
        if codes and consumers[node.name]:
            nodes += _coder(node, neuron)
            coded[node.name] = nodes[-1].name
    return Graph(tuple(nodes), graph.outputs, graph.layers, graph.clock)


def _coder(source: Node, neuron: str) -> list[Node]:
    name, layer = f"{source.name}_coder", source.layer
    if source.shape:
        return [Coder(name, (source.name,), source.shape, layer=layer, neuron=neuron)]
    row, value = f"{name}_row", f"{name}_value"  # populations have channels
    return [
        Reshape(row, (source.name,), (1,), layer=layer),
        Coder(name, (row,), (1,), layer=layer, neuron=neuron),
        Reshape(value, (name,), (), layer=layer),
    ]
