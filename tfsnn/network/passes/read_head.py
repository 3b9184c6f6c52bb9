"""Make the function before an output its head, which is applied once, to the mean."""

from __future__ import annotations

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Function, Readout


def read_head(graph: Graph) -> Graph:
    """Make each function of one signal that only a readout reads the readout's head.

    A readout's mean of the changes of t * f(mean so far) is f(mean), so nothing
    changes but that f is evaluated once, not in each step.
    """
    consumers = graph.consumers()
    for readout in graph.of_kind(Readout):
        node = graph[readout.inputs[0]]
        if (
            readout.head == "linear"
            and isinstance(node, Function)
            and len(node.inputs) == 1
            and consumers[node.name] == [readout]
        ):
            head = readout.replace(
                inputs=node.inputs, head=node.op, options=node.options, layer=node.layer
            )
            nodes = [
                head if other is readout else other
                for other in graph
                if other.name != node.name
            ]
            return read_head(graph.rewrite(nodes, {}, {}))
    return graph
