"""Pool before a gain and an offset per channel: max(g x + b) = g max(x) + b for g > 0.

Behind neurons the pooled values are then spikes, not spikes that a batch normalisation
has scaled. Where g < 0 it is the least that counts: max(g x + b) = g min(x) + b, so the
pooling takes the minimum of those channels. Rounding is monotone: not a bit changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfsnn.network.graph import Graph, Node
from tfsnn.network.nodes import Affine, Max
from tfsnn.network.roles import spiking_nodes


def pool_before_affine(graph: Graph) -> Graph:
    """Exchange max pooling and the gain of spikes that it reads, until none is left.

    Other readers of the gain keep it. A gain for each place cannot be exchanged.
    """
    while (exchanged := _exchange_one(graph)) is not None:
        graph = exchanged
    return graph


def _exchange_one(graph: Graph) -> Graph | None:
    spiking = spiking_nodes(graph)
    for pool in graph.of_kind(Max):
        affine: Any = graph[pool.inputs[0]]
        scaled_spikes = isinstance(affine, Affine) and affine.name in spiking
        if scaled_spikes and _per_channel(affine.gain) and _per_channel(affine.offset):
            return _exchanged(graph, affine, pool)
    return None


def _per_channel(values: Any) -> bool:
    return np.size(values) == 1 or np.size(values) == np.shape(values)[-1]


def _exchanged(graph: Graph, affine: Affine, pool: Max) -> Graph:
    alone = graph.consumers()[affine.name] == [pool]
    gain = np.ravel(affine.gain)
    falling = np.flatnonzero(np.broadcast_to(gain, pool.shape[-1:]) < 0)
    minima = tuple(sorted({*pool.minima} ^ {*falling.tolist()}))
    behind = affine.replace(
        name=affine.name if alone else f"{affine.name}_behind_{pool.name}",
        inputs=(pool.name,),
        shape=pool.shape,
        gain=gain,
        offset=None if affine.offset is None else np.ravel(affine.offset),
    )
    nodes: list[Node] = []
    for node in graph:
        if node is pool:
            nodes += [pool.replace(inputs=affine.inputs, minima=minima), behind]
        elif not (node is affine and alone):
            reads = tuple(behind.name if n == pool.name else n for n in node.inputs)
            nodes.append(node.replace(inputs=reads))
    return graph.rewrite(nodes, {}, {})
