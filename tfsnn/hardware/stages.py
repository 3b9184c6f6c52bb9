"""The stages of a network: weights and the neurons they drive, which share a core."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Constant, Linear, Pad, Reshape
from tfsnn.network.windows import same_pads


@dataclass(frozen=True)
class Stage:
    """A layer of weights as a chip sees it: a convolution over a map.

    A dense layer behind a flattened map is a convolution whose window is the map.

    Attributes:
        layer: the name of the Keras layer.
        form: "dense", "conv", "depthwise" or "transposed".
        channels: input channels that each filter reads.
        window: sides of the window, with the zeros that make its padding even.
        filters: output channels, or units.
        places: sizes of the output's map; empty for units.
    """

    layer: str
    form: str
    channels: int
    window: tuple[int, ...]
    filters: int
    places: tuple[int, ...]

    @property
    def weights(self) -> int:
        """The number of weights, each shared one counted once."""
        return self.channels * math.prod(self.window) * self.filters

    @property
    def neurons(self) -> int:
        """The number of neurons."""
        return self.filters * math.prod(self.places)

    @property
    def unit(self) -> str:
        """What its outputs are called."""
        return "units" if self.form == "dense" else "filters"


def stages(graph: Graph) -> tuple[Stage, ...]:
    """Return the stages of a network, in order; weights on constants are none."""
    fixed: set[str] = set()
    for node in graph:
        if isinstance(node, Constant) or (node.inputs and fixed >= set(node.inputs)):
            fixed.add(node.name)
    return tuple(
        _stage(graph, node) for node in graph.of_kind(Linear) if node.name not in fixed
    )


def _stage(graph: Graph, node: Linear) -> Stage:
    *places, filters = node.shape
    read = graph[node.inputs[0]]
    if node.form == "dense":
        return Stage(
            node.layer or node.name,
            "dense",
            *_flattened(graph, read),
            filters,
            tuple(places),
        )
    window = tuple(node.kernel.shape[: len(node.strides)])
    if node.form in ("conv", "depthwise"):
        window = tuple(
            size + abs(after - before)
            for size, (before, after) in zip(window, _padding(read, node), strict=True)
        )
    channels = 1 if node.form == "depthwise" else node.channels_in // node.groups
    return Stage(
        node.layer or node.name, node.form, channels, window, filters, tuple(places)
    )


def _flattened(graph: Graph, read: Node) -> tuple[int, tuple[int, ...]]:
    """Return channels and sides of the map that a dense layer reads as one vector."""
    whole = read
    while isinstance(whole, Reshape) and len(whole.shape) == 1:
        whole = graph[whole.inputs[0]]
    *places, channels = whole.shape if len(read.shape) == 1 else read.shape[-1:]
    return channels, tuple(places)


def _padding(read: Node, node: Linear) -> list[tuple[int, int]]:
    """Return the zeros in front of and behind each axis of what a convolution reads.

    Where the two differ, a chip that pads both ends alike needs a larger window, with
    zeros for weights (:mod:`tfsnn.export.nir.windows`).
    """
    pads = [(0, 0)] * len(node.strides)
    if isinstance(read, Pad):
        pads = list(read.amounts[:-1])
    if node.padding == "valid":
        return pads
    window = node.kernel.shape[:-2], node.strides, node.dilation
    added = same_pads(read.shape[:-1], *window)
    return [
        (before + in_front, after + behind)
        for (before, after), (in_front, behind) in zip(pads, added, strict=True)
    ]
