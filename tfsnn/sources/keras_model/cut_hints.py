"""Hints at how to leave a layer out that is the head or the tail of a model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from tfsnn.network.node import Node


class Refused(NamedTuple):
    """A layer that cannot be converted.

    Attributes:
        layer, kind, reason: its name, its class, and why.
        reads: names of the nodes that it reads.
    """

    layer: str
    kind: str
    reason: str
    reads: tuple[str, ...]


def with_hints(
    refused: Sequence[Refused], nodes: Mapping[str, Node], unknown: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Add to the reasons how a head or a tail without weights is left out.

    Args:
        refused: the layers that cannot be converted.
        nodes: nodes of the graph by name, each behind those that it reads.
        unknown: refused layer by node that stands in for an output of it.
    """
    after = {each.layer: _after(each.layer, nodes, unknown) for each in refused}
    before = {each.layer: _before(each.reads, nodes) for each in refused}
    ahead = {
        each.layer: {unknown[n] for n in before[each.layer] if n in unknown}
        for each in refused
    }
    heads = [x.layer for x in refused if not _weighs(before[x.layer], nodes)]
    tails = [x.layer for x in refused if not _weighs(after[x.layer], nodes)]
    problems = []
    for layer, kind, reason, reads in refused:
        behind = {other for other, of in ahead.items() if layer in of}
        if layer in heads and _weighs(after[layer], nodes):
            if not behind & set(heads):
                reason += (
                    f"; or leave it out: --from {layer} (inputs= of load_model or "
                    "tfsnn.part) takes its output as the input"
                )
        elif layer in tails and reads and not ahead[layer] & set(tails):
            last = nodes[reads[0]].layer
            reason += (
                f"; or leave it out: --to {last} (outputs= of load_model or "
                "tfsnn.part) ends with the layer before"
            )
        problems.append((layer, kind, reason))
    return problems


def _before(reads: Iterable[str], nodes: Mapping[str, Node]) -> set[str]:
    waiting, seen = list(reads), set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += nodes[name].inputs
    return seen


def _after(
    layer: str, nodes: Mapping[str, Node], unknown: Mapping[str, str]
) -> set[str]:
    seen = {node for node, of in unknown.items() if of == layer}
    for node in nodes.values():
        if not seen.isdisjoint(node.inputs):
            seen.add(node.name)
    return seen


def _weighs(names: Collection[str], nodes: Mapping[str, Node]) -> bool:
    return any(nodes[name].arrays() for name in names)
