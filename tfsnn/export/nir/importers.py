"""What the importers of chips want of a NIR file, and networks that suit them.

A network that was converted for a chip (:func:`tfsnn.convert_for`) is written as the
chip has it: its input is what comes to the chip, spikes or integers, and not the sample
that the host codes; its output is spikes, where the chip sends such, and the host
counts them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from tfsnn.errors import OptionError
from tfsnn.hardware.targets import Target, targets
from tfsnn.hardware.targets import target as looked_up
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Affine, Readout, Rounded, Source, Spiking
from tfsnn.network.passes.spiking_ends import fed_with_spikes
from tfsnn.simulation.model import SpikingModel


class Counted(NamedTuple):
    """What spikes of an output stand for: scale times their mean, and offset."""

    scale: np.ndarray
    offset: np.ndarray


def importer_of(snn: SpikingModel, wanted: str | None) -> Target | None:
    """Return the chip that a network was converted for, if there is one.

    Args:
        snn: the network.
        wanted: the name of the chip that a file is to be for; None for the network's.

    Raises:
        OptionError: for an unknown chip, or another one than the network's.
    """
    made_for = snn.report.target
    if wanted is not None and looked_up(wanted).name != made_for:
        was = "no chip" if made_for is None else made_for
        raise OptionError(
            f"{snn.name} was converted for {was}, and the file is to be for {wanted}: "
            f"convert the model it was made of for that (--target {wanted}), or leave "
            "the target of the file out"
        )
    return targets().get(made_for or "")


def as_it_arrives(graph: Graph, importer: Target | None) -> Graph:
    """Return a graph whose inputs are what comes to the chip.

    Where populations send the inputs, these are spikes; where the importer takes
    integers, those that inputs are rounded to.
    """
    graph = fed_with_spikes(graph)
    if importer is None or importer.input_bits is None:
        return graph
    first = {node.inputs[0]: node for node in graph.of_kind(Rounded)}
    nodes: list[Any] = []
    for node in graph:
        if isinstance(node, Rounded):
            nodes.append(Source(node.name, (), node.shape))
        elif node.name not in first:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def is_sample(graph: Graph, arriving: Graph) -> bool:
    """Return whether the inputs of both graphs are the same."""
    return tuple(graph.inputs) == tuple(arriving.inputs)


def as_it_leaves(
    graph: Graph, importer: Target | None
) -> tuple[Graph, dict[str, Counted]]:
    """Return a graph that ends at spikes, where the chip does, and what they stand for.

    Returns:
        The graph; and by output what its mean spikes are multiplied by, and what is
        added to them, ``(C,)`` each.
    """
    if importer is None or not importer.spiking_output:
        return graph, {}
    counted, nodes = {}, {node.name: node for node in graph}
    for node in graph.of_kind(Readout):
        read = graph[node.inputs[0]]
        between = []
        while isinstance(read, Affine):
            between.append(read)
            read = graph[read.inputs[0]]
        if not read.spikes:
            continue
        scale, offset = np.ones(node.shape[-1]), np.zeros(node.shape[-1])
        for each in reversed(between):
            scale, offset = scale * each.gain, offset * each.gain
            offset = offset if each.offset is None else offset + each.offset
        last = 1.0 if node.scale is None else np.asarray(node.scale)
        counted[node.name] = Counted(scale * last, offset * last)
        nodes[node.name] = node.replace(inputs=(read.name,), scale=None)
        for each in between:  # put in by the conversion, so nothing else reads them
            del nodes[each.name]
    return replace(graph, nodes=tuple(nodes.values())), counted


def as_there(graph: Graph, importer: Target | None) -> Graph:
    """Return a graph without what the chip does by itself: its width of potentials."""
    if importer is None or importer.potential_bits is None:
        return graph

    def endless(node: Spiking) -> Spiking:
        settings = {k: v for k, v in node.settings.items() if k != "width"}
        return node.replace(settings=settings)

    return _changed(graph, endless)


def with_its_thresholds(graph: Graph, importer: Target | None) -> Graph:
    """Return a graph with thresholds that neurons firing above them fire alike at.

    Of integers, those above n - 1 are those from n up.
    """
    if importer is None or not importer.fires_above:
        return graph

    def lower(node: Spiking) -> Spiking:
        if not node.settings.get("counts"):
            return node
        return node.replace(threshold=np.asarray(node.threshold, np.float32) - 1)

    return _changed(graph, lower)


def _changed(graph: Graph, change: Any) -> Graph:
    nodes = (change(node) if isinstance(node, Spiking) else node for node in graph)
    return replace(graph, nodes=tuple(nodes))
