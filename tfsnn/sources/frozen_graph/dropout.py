"""Dropout that was left in a graph, taken out: at inference nothing is dropped.

It is ``x / keep * floor(keep + u)`` in graphs of TensorFlow 1, with u drawn uniformly,
and ``x * scale * (u >= rate)`` or ``where(u >= rate, x * scale, 0)`` in later ones.
"""

from __future__ import annotations

from typing import Any

from tfsnn.sources.frozen_graph.pruning import pruned, split

DRAWN = "RandomUniform"
# What scales and shifts the values that are drawn, and turns yes or no into numbers.
WAY = ("Identity", "Cast", "Mul", "Add", "AddV2", "Sub")
COMPARED = ("GreaterEqual", "Greater", "Less", "LessEqual")
PRODUCTS, CHOICES = ("Mul",), ("Select", "SelectV2")
MOST_STEPS = 16


def without_dropout(graph_def: Any) -> Any:
    """Return a graph in which what dropout is given goes on as it is."""
    nodes = {node.name: node for node in graph_def.node}
    masks: set[str] = set()
    for node in graph_def.node:
        rounds = node.op == "Floor" or node.op in COMPARED
        if rounds and any(_is_drawn(nodes, text) for text in node.input):
            masks.add(node.name)
    if not masks:
        return graph_def
    unneeded: list[str] = []
    for node in graph_def.node:
        given = [split(text)[0] for text in node.input]
        if node.op in PRODUCTS and len(given) == 2:
            kept = [i for i in (0, 1) if _comes_from(nodes, given[1 - i], masks)]
        elif node.op in CHOICES and len(given) == 3:
            kept = [1] if _comes_from(nodes, given[0], masks) else []
        else:
            continue
        scaled = nodes.get(given[kept[0]]) if len(kept) == 1 else None
        if scaled is None or scaled.op not in ("RealDiv", "Div", "Mul"):
            continue
        if len(scaled.input) == 2:
            kind = node.attr["T"].type
            node.op = "Identity"
            node.attr.clear()
            node.attr["T"].type = kind
            del node.input[:]
            node.input.append(scaled.input[0])
            unneeded += given
    return pruned(graph_def, unneeded)


def _is_drawn(nodes: dict[str, Any], text: str) -> bool:
    """Whether a tensor is drawn at random, scaled and shifted by numbers."""
    waiting = [split(text)[0]]
    for _ in range(MOST_STEPS):
        if not waiting:
            break
        node = nodes.get(waiting.pop())
        if node is not None and node.op == DRAWN:
            return True
        if node is not None and node.op in WAY:
            waiting += [split(each)[0] for each in node.input if each[:1] != "^"]
    return False


def _comes_from(nodes: dict[str, Any], name: str, masks: set[str]) -> bool:
    """Whether an operation is a mask, or only turns one into numbers."""
    node = nodes.get(name)
    for _ in range(MOST_STEPS):
        if node is None or node.name in masks:
            return node is not None
        if node.op not in ("Cast", "Identity") or not node.input:
            return False
        node = nodes.get(split(node.input[0])[0])
    return False
