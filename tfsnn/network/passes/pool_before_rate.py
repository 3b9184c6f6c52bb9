"""Pool before the neuron: max(ReLU(z)) = ReLU(max(z)).

Bu, Li, Yu (CVPR 2025, arXiv 2409.03368) move max pooling in front of the neuron. The
maximum is then one of exact currents instead of noisy spike counts (whose maximum is
biased upwards), and only the neurons that are left need to be simulated.
"""

from __future__ import annotations

from tfsnn.network.graph import Graph, Node
from tfsnn.network.nodes import Max, Rate


def pool_before_rate(graph: Graph) -> Graph:
    """Exchange each ReLU and the max pooling that alone reads it."""
    consumers = graph.consumers()
    swapped: dict[str, Max] = {}
    for node in graph.of_kind(Rate):
        readers = consumers[node.name]
        if type(node) is not Rate:  # a subclass need not be monotone
            continue
        if node.rounding is not None and node.rounding.period is not None:
            continue  # what overflows is not, either
        if len(readers) == 1 and isinstance(readers[0], Max):
            swapped[node.name] = readers[0]
    if not swapped:
        return graph
    pooled = {pool.name for pool in swapped.values()}
    nodes: list[Node] = []
    for node in graph:
        if pool := swapped.get(node.name):
            nodes.append(pool.replace(inputs=node.inputs))
            nodes.append(node.replace(inputs=(pool.name,), shape=pool.shape))
        elif node.name not in pooled:
            nodes.append(node)
    # Readers of the pooling now read the neuron behind it.
    stand_ins = {pool.name: rate for rate, pool in swapped.items()}
    rewired = [
        node
        if node.name in swapped
        else node.replace(inputs=tuple(stand_ins.get(n, n) for n in node.inputs))
        for node in nodes
    ]
    return graph.rewrite(rewired, {}, {})
