"""Code changes: put a population behind all analog values that weights read.

Neurons that send changes make the work behind them follow what changes. So that this
holds for all weights, inputs are sent by such neurons too, and so is what comes out of
a maximum, a normalisation, or a smooth activation.
"""

from __future__ import annotations

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.passes.code_inputs import code_values


def code_changes(graph: Graph, neuron: str) -> Graph:
    """Return the graph with coders behind the analog values that linear nodes read.

    The ANN's outputs do not change. Inputs that are integers are left alone.

    Args:
        graph: the graph of the ANN.
        neuron: the kind of the coders, which takes values of either sign.
    """
    consumers = graph.consumers()

    def wanted(node: Node) -> bool:
        if node.name in graph.whole_inputs or node.spikes:
            return False
        analog = not node.inputs or not node.linear
        readers = [n for n in consumers[node.name] if n.name not in graph.outputs]
        return analog and any(n.linear and n.reads_values for n in readers)

    return code_values(graph, neuron, wanted, both_signs=True)
