"""Fold a transposition before a flattened signal into the dense weights that read it.

W flatten(transpose(x)) = W' flatten(x), where W' has the rows of W in another order.
So a dense layer behind a ``Flatten`` of images with the channels first reads them with
the channels last, as they are computed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfsnn.network.functions import FUNCTIONS
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Function, Linear, Rate, Reshape, Transpose


def flatten_channels_last(graph: Graph) -> Graph:
    """Fold each transposition whose flattened values reach dense weights alone.

    Between them may be what computes each value alone, such as neurons.
    """
    for turn in graph.of_kind(Transpose):
        changed = _without(graph, turn)
        if changed is None:
            continue
        kept = [changed.get(node.name, node) for node in graph if node is not turn]
        layers = {node.layer for node in kept}
        fate = {} if turn.layer in layers else {turn.layer: "folded into the weights"}
        graph = graph.rewrite(kept, {turn.name: turn.inputs[0]}, fate)
    return graph


def _without(graph: Graph, turn: Transpose) -> dict[str, Node] | None:
    """Return what changes where a transposition goes, or None where it has to stay."""
    shape = graph[turn.inputs[0]].shape
    places = np.arange(math.prod(shape)).reshape(shape).transpose(turn.order).ravel()
    consumers = graph.consumers()
    changed: dict[str, Node] = {}
    flat = consumers[turn.name]
    if not all(isinstance(node, Reshape) and len(node.shape) == 1 for node in flat):
        return None
    left = [reader for node in flat for reader in consumers[node.name]]
    while left:
        node: Any = left.pop()
        if isinstance(node, Linear) and node.form == "dense":
            changed[node.name] = node.replace(kernel=_moved(node.kernel, places))
            continue
        if isinstance(node, Affine):
            gain, offset = (_moved(a, places) for a in (node.gain, node.offset))
            changed[node.name] = node.replace(gain=gain, offset=offset)
        elif isinstance(node, Rate):
            bound = _moved(node.max_value, places)
            changed[node.name] = node.replace(max_value=bound)
        elif not _is_of_each_value(node):
            return None
        left += consumers[node.name]
    return changed


def _is_of_each_value(node: Node) -> bool:
    if not isinstance(node, Function) or len(node.inputs) != 1:
        return False
    return FUNCTIONS[node.op].elementwise


def _moved(values: Any, places: np.ndarray) -> Any:
    """Return rows, of which row i is that of input i, in the order of the new input."""
    if values is None or np.size(values) == 1 or len(values) != len(places):
        return values
    moved = np.empty_like(values)
    moved[places] = values
    return moved
