"""What a chip does not take of a network, layer by layer, with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfsnn.hardware.targets.target import Rules, Target
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import (
    Affine,
    Average,
    Constant,
    Linear,
    Max,
    Merge,
    Passing,
    Pool,
    Rate,
    Readout,
    Source,
)

FORMS = {
    "dense": "dense layers",
    "conv": "convolutions",
    "depthwise": "depthwise convolutions",
    "transposed": "transposed convolutions",
}


class Misfit(NamedTuple):
    """A layer that a target does not take: why, and what would help."""

    layer: str
    reason: str


def refusals(graph: Graph, target: Target) -> list[Misfit]:
    """Return every layer of a network that the rules of a target leave out."""
    found = [
        Misfit(node.layer or node.name, reason)
        for node in graph
        for reason in _reasons(graph, node, target)
    ]
    return list(dict.fromkeys(found))


def _reasons(graph: Graph, node: Node, target: Target) -> Iterator[str]:
    rules = target.rules
    if isinstance(node, Source):
        axes = len(node.shape)
        if rules.input_axes is not None and axes not in rules.input_axes:
            allowed = " or ".join(map(str, sorted(rules.input_axes)))
            yield f"samples have {axes} axes, the importer takes {allowed}: reshape"
    elif isinstance(node, Linear):
        yield from _weights(graph, node, rules)
    elif isinstance(node, Rate):
        yield from _neurons(graph, node, rules)
    elif isinstance(node, Pool):
        yield from _pooling(node, rules)
    elif isinstance(node, Merge):
        if node.form not in rules.merges:
            named = "sums of branches" if node.is_sum else "concatenations"
            yield f"{named} cannot be done: make the network a chain"
    elif isinstance(node, Affine):
        if target.spiking_input or not on_input(graph, node):
            yield (
                "a gain and offset that could not be folded into weights: put it right "
                "behind a layer of weights, or apply it to the data"
            )
    elif isinstance(node, Passing) and node.linear:
        kind = type(node).__name__
        if rules.movements is not None and kind not in rules.movements:
            yield f"{node.describe()} cannot be done: leave it out of the network"
    elif not isinstance(node, Readout | Constant):
        yield (
            f"{node.describe()}: it sends analog values, and the target has spikes "
            "alone: use ReLU, average pooling and sums in its place"
        )


def _weights(graph: Graph, node: Linear, rules: Rules) -> Iterator[str]:
    if node.form not in rules.forms:
        forms = ", ".join(FORMS[form] for form in FORMS if form in rules.forms)
        yield f"{FORMS[node.form]} cannot be done: the target has {forms}"
        return
    if not rules.weights_in_a_row and _source(graph, node, Linear):
        yield (
            "it reads weights without neurons between: put a ReLU between, or make "
            "the two layers one"
        )
    if node.form == "dense":
        if len(node.shape) > 1 and not rules.groups:
            yield (
                "a dense layer at each place: a convolution with windows of 1 is the "
                "same, and can be done"
            )
        return
    window = node.kernel.shape[: len(node.strides)]
    sides = " x ".join(map(str, window))
    if len(window) not in rules.axes:
        allowed = " or ".join(map(str, sorted(rules.axes)))
        yield f"windows over {len(window)} axes: the target has {allowed}"
    if rules.square and len(set(window)) > 1:
        yield f"a window of {sides}: the target has square ones; pad it with zeros"
    if rules.largest_window is not None and max(window) > rules.largest_window:
        yield f"a window of {sides}: {rules.largest_window} is the longest side"
    if not rules.groups and node.groups > 1:
        yield f"{node.groups} groups: the target has one; use a full convolution"
    if not rules.dilation and set(node.dilation) - {1}:
        yield f"a dilation of {max(node.dilation)}: the target has none"


def _neurons(graph: Graph, node: Node, rules: Rules) -> Iterator[str]:
    if not rules.skips and not _source(graph, node, Linear, every=True):
        yield (
            "its neurons read others without weights between, which the importer "
            "refuses: put a convolution with windows of 1 into the skip"
        )


def _pooling(node: Pool, rules: Rules) -> Iterator[str]:
    kinds = {Average: "average", Max: "max"}
    kind = next(name for each, name in kinds.items() if isinstance(node, each))
    if kind not in rules.pools:
        yield f"{kind} pooling cannot be done: use average pooling, or a stride"
    elif rules.global_only and kind == "average" and not node.is_global:
        yield "average pooling over windows: the target has it over the whole map alone"
    elif rules.tiles and not node.is_global:
        square = len(set(node.size)) == 1 and node.size == node.strides
        if not square or node.padding != "valid":
            yield (
                f"windows of {' x '.join(map(str, node.size))} in strides of "
                f"{' x '.join(map(str, node.strides))}, padding {node.padding!r}: the "
                "target pools by squares that lie side by side, unpadded"
            )


def on_input(graph: Graph, node: Node) -> bool:
    """Return whether a node reads inputs alone, which a host can compute for a chip."""
    return all(isinstance(graph[name], Source) for name in node.inputs)


def _source(graph: Graph, node: Node, kind: type[Node], every: bool = False) -> bool:
    """Return whether a node reads one of a kind, through what only passes values on.

    With `every`, whether all that it reads is of that kind.
    """

    def sources(name: str) -> Iterator[Node]:
        read = graph[name]
        if isinstance(read, Merge | Passing) and read.linear:
            for before in read.inputs:
                yield from sources(before)
        else:
            yield read

    found = [isinstance(each, kind) for name in node.inputs for each in sources(name)]
    return all(found) if every else any(found)
