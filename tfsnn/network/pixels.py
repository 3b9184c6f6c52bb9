"""Which inputs of a network are 8-bit values as they are, 0..255.

Data of unsigned 8-bit type is given to most networks divided by 255. One that scales
its inputs itself, by a Rescaling, a Normalization, ``preprocess_input`` of
``keras.applications`` or a batch normalisation before its first weights, was trained on
the values as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Merge
from tfsnn.network.nodes.movement import Movement

# y = gain * x + offset is meant for 0..255 if the gain is below this (1/127.5, 1/60),
GAIN = 1 / 50
# or if it moves values as large as this to 0 (the mean colours of ImageNet).
CENTRE = 20.0


def scaled_inside(graph: Graph) -> frozenset[str]:
    """Return the inputs whose 8-bit values a network scales itself.

    Args:
        graph: the ANN, before gains are folded into weights
            (:func:`tfsnn.network.passes.simplify`).
    """
    consumers = graph.consumers()
    return frozenset(
        node.name
        for node in graph
        if node.name in graph.inputs
        and node.name not in graph.whole_inputs
        and any(_for_pixels(*found) for found in _scalings(node, consumers, 1.0, 0.0))
    )


def _scalings(
    node: Node, consumers: dict[str, list[Node]], gain: float, offset: float
) -> Iterator[tuple[float, float]]:
    """Yield gain and offset, means over channels, on each way to other operations."""
    ends = not consumers[node.name]
    for reader in consumers[node.name]:
        if isinstance(reader, Affine):
            factor = float(np.mean(np.abs(reader.gain)))
            shift = 0.0 if reader.offset is None else float(np.mean(reader.offset))
            moved = float(np.mean(reader.gain)) * offset + shift
            yield from _scalings(reader, consumers, gain * factor, moved)
        elif isinstance(reader, Movement | Merge):
            yield from _scalings(reader, consumers, gain, offset)
        else:
            ends = True
    if ends:
        yield gain, offset


def _for_pixels(gain: float, offset: float) -> bool:
    return 0 < gain < GAIN or abs(offset) > CENTRE * gain > 0
