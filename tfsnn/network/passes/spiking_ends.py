"""Spiking ends: inputs that come as spikes, and outputs that are counts of spikes.

Chips take events and give events. An input becomes a population that sends it as a
rate, so that all layers read spikes; an output gets a population behind it, whose
spikes are counted::

    z = counts of IF(W s + b + shift)   (- shift, outside, where the head needs it)

Neurons send no negative values: what is below -shift is lost. With a shift for all
outputs alike, a softmax and the largest of them stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Rate, Readout, Source
from tfsnn.network.passes.code_inputs import COUNTED

SHIFTS_CANCEL = ("softmax",)  # heads that give the same for z and z + shift
SHIFTED, RESTORED = "_shifted", "_counts"  # ends of names


def fed_with_spikes(graph: Graph) -> Graph:
    """Return a spiking graph without the populations that send its inputs.

    What they send is its input then. Layers of the model stay, as do inputs that are
    read otherwise.
    """
    gone: set[str] = set()
    consumers = graph.consumers()
    sources: dict[str, Source] = {}
    for name, shape in graph.inputs.items():
        behind, node = [name], graph[name]
        readers = consumers[name]
        while len(readers) == 1 and not node.spikes:
            node = readers[0]
            behind.append(node.name)
            readers = consumers[node.name]
        if node.name == name + COUNTED and node.spikes and not node.layer:
            gone.update(behind)
            sources[node.name] = Source(node.name, (), shape)
    nodes = (
        sources.get(node.name, node)
        for node in graph
        if node.name not in gone or node.name in sources
    )
    return replace(graph, nodes=tuple(nodes))


def analog_outputs(graph: Graph) -> list[Readout]:
    """Return the readouts that read no neurons, but what reaches such."""
    return [node for node in graph.of_kind(Readout) if not graph[node.inputs[0]].spikes]


def spiking_outputs(graph: Graph, shifts: Mapping[str, float]) -> Graph:
    """Return the graph with a population before each output that has a shift.

    Args:
        graph: the graph of the ANN.
        shifts: what is added before the population, by readout.
    """
    nodes: list[Node] = []
    for node in graph:
        if node.name not in shifts:
            nodes.append(node)
            continue
        (read,), shape = node.inputs, graph[node.inputs[0]].shape
        shift = np.full(shape[-1], shifts[node.name], np.float32)
        one = np.ones_like(shift)
        up, sent, down = (read + part for part in (SHIFTED, COUNTED, RESTORED))
        nodes += [
            Affine(up, (read,), shape, gain=one, offset=shift),
            Rate(sent, (up,), shape, layer=graph[read].layer),
        ]
        if isinstance(node, Readout) and node.head not in SHIFTS_CANCEL:
            nodes.append(Affine(down, (sent,), shape, gain=one, offset=-shift))
            sent = down
        nodes.append(node.replace(inputs=(sent,)))
    return replace(graph, nodes=tuple(nodes))
