"""What each Keras layer becomes in a simplified graph, and what drives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import StepMax
from tfsnn.network.operations import operations
from tfsnn.network.roles import SPIKING, events, roles


class Fate(NamedTuple):
    """What one layer becomes.

    Attributes:
        becomes: the same in a few words.
        macs: multiply-accumulates of one forward pass of the ANN; None if not known.
        by_spikes: part of the operations of one time step that spikes drive, those of
            neurons included, from 0 to 1; None for a layer without operations.
    """

    becomes: str
    macs: int | None = None
    by_spikes: float | None = None


class Fates:
    """The fates of the layers of one graph."""

    def __init__(self, graph: Graph) -> None:
        """Count the operations of the graph."""
        self.graph, self.counted = graph, operations(graph)
        self.events, self.readers = events(graph), graph.consumers()
        self.roles: Mapping[str, str] = roles(graph)

    def of(self, name: str, layer: Any) -> Fate:
        """Tell what a layer becomes, by its name as :func:`import_model` has it."""
        if isinstance(layer, keras.layers.InputLayer):
            return Fate("input", 0, None)
        graph = self.graph
        nodes = [node for node in graph if node.layer == name]
        parts = [self._describe(node) for node in nodes]
        parts += [record.fate for record in graph.layers if record.layer == name]
        # A shared layer has its nodes once for each call.
        text = " + ".join(dict.fromkeys(part for part in parts if part))
        macs = sum(self.counted[node.name] for node in nodes if node.multiplies)
        total = sum(self.counted[node.name] for node in nodes)
        spiking = sum(self.counted[node.name] for node in nodes if self._spikes(node))
        return Fate(text or "nothing", macs, spiking / total if total else None)

    def _spikes(self, node: Node) -> bool:
        return self.events.drive(node) or self.roles[node.name] == SPIKING

    def _describe(self, node: Node) -> str:
        """Tell what a node is, and whether it passes on spikes or currents."""
        text = node.describe()
        if node.linear or not node.passes_on or isinstance(node, StepMax):
            return text
        if node.name in self.events.spiking:
            return f"{text} of spikes"
        if self.readers[node.name][0].spikes:
            return f"{text} before the neurons"
        if node.name in self.events.constant:
            return text
        return f"{text} as a running sum"
