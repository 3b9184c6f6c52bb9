"""A simplified network in a form that needs no TensorFlow to read.

Batch norms are folded, max pooling stands before its ReLU, padding is explicit. The
structure is a list of nodes, in an order in which each reads earlier ones; arrays stand
beside it under ``INDEX.FIELD``. Shapes are those of one sample, channels last.

| op | fields |
| --- | --- |
| input | |
| affine | gain, offset: one per channel |
| conv | kernel (H, W, in / groups, out), bias, strides, dilation, groups, pads |
| dense | kernel (in, out), bias |
| pad | pads; zeros that no convolution can take as its own padding |
| average, max | size, strides, pads; padding is neither averaged nor a maximum |
| relu, add, flatten | |
| concat | axis, of one sample |

``pads`` are values before and after, for height and width.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfsnn.errors import ModelError
from tfsnn.network.graph import Graph, Node
from tfsnn.network.nodes import (
    Affine,
    Average,
    Linear,
    Max,
    Merge,
    Pad,
    Rate,
    Readout,
    Reshape,
    Spiking,
)

Pads = list[list[int]]


def neutral(graph: Graph) -> tuple[list[dict[str, Any]], dict[str, np.ndarray], str]:
    """Write down a graph of images or vectors with one input and one output.

    Returns the nodes, their arrays, and the name of the node whose values are the
    output before the head (the logits).

    Raises:
        ModelError: for a graph that the form cannot hold.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        _refuse("the network", f"{len(graph.inputs)} inputs, {len(graph.outputs)} outs")
    nodes: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    consumers = graph.consumers()
    into: dict[str, str] = {}
    for node in graph:
        if isinstance(node, Readout):
            continue
        if isinstance(node, Pad):
            takes = {_takes_pads(reader) for reader in consumers[node.name]}
            if node.mode != "constant" or len(takes) > 1:
                _refuse(node.name, "padding by other than zeros, or for several kinds")
            if takes == {True}:  # becomes the padding of the convolutions behind it
                into[node.name] = node.inputs[0]
                continue
        fields, of_node = _described(graph, node)
        for key, values in of_node.items():
            if values is not None:
                arrays[f"{len(nodes)}.{key}"] = np.asarray(values, np.float32)
        inputs = [into.get(name, name) for name in node.inputs]
        shape = list(node.shape)
        nodes.append({"name": node.name, "inputs": inputs, "shape": shape, **fields})
    return nodes, arrays, graph[graph.outputs[0]].inputs[0]


def _described(graph: Graph, node: Node) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields and the arrays of a node."""
    before = graph[node.inputs[0]] if node.inputs else node
    match node:
        case _ if not node.inputs:
            return {"op": "input"}, {}
        case Affine() if max(np.ndim(node.gain), np.ndim(node.offset)) <= 1:
            offset = 0.0 if node.offset is None else node.offset
            channels = node.shape[-1]
            gain, offset = (np.broadcast_to(v, channels) for v in (node.gain, offset))
            return {"op": "affine"}, {"gain": gain, "offset": offset}
        case Linear() if node.form == "dense" and len(node.shape) == 1:
            return {"op": "dense"}, {"kernel": node.kernel, "bias": node.bias}
        case Linear() if node.form in ("conv", "depthwise") and len(node.strides) == 2:
            return _convolution(node, before)
        case Pad() if len(node.shape) == 3 and not any(node.amounts[2]):
            return {"op": "pad", "pads": [list(a) for a in node.amounts[:2]]}, {}
        case Average() | Max() if len(before.shape) == 3:
            fields = {
                "op": type(node).__name__.lower(),
                "size": before.shape[:2] if node.is_global else node.size,
                "strides": (1, 1) if node.is_global else node.strides,
                "pads": _pads(before, node.size, node.strides, node.padding),
            }
            return fields, {}
        case Spiking() | Rate(max_value=None):
            return {"op": "relu"}, {}
        case Merge() if node.form == "concat":
            axis = node.axis if node.axis >= 0 else node.axis + len(node.shape)
            return {"op": "concat", "axis": axis}, {}
        case Merge() if not node.repeats:
            return {"op": "add"}, {}
        case Reshape() if len(node.shape) == 1:
            return {"op": "flatten"}, {}
    return _refuse(node.name, node.to_config())


def _convolution(node: Linear, before: Node) -> tuple[dict[str, Any], dict[str, Any]]:
    kernel, groups = np.asarray(node.kernel), node.groups
    if node.form == "depthwise":
        groups = node.channels_in
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel.shape, node.dilation, strict=False)]
    if isinstance(before, Pad):
        pads = [list(amounts) for amounts in before.amounts[:2]]
    else:
        pads = _pads(before, spans, node.strides, node.padding)
    fields = {
        "op": "conv",
        "strides": node.strides,
        "dilation": node.dilation,
        "groups": groups,
        "pads": pads,
    }
    return fields, {"kernel": kernel, "bias": node.bias}


def _takes_pads(node: Node) -> bool:
    """Return whether a node can take zeros around its input as its own padding."""
    return (
        isinstance(node, Linear)
        and node.form in ("conv", "depthwise")
        and node.padding == "valid"
    )


def _pads(before: Node, spans: Any, strides: Any, padding: str) -> Pads:
    """Compute TensorFlow's padding for these windows: the odd one is at the end."""
    if padding == "valid":
        return [[0, 0], [0, 0]]
    pads = []
    for size, span, stride in zip(before.shape, spans, strides, strict=False):
        total = max((-(-size // stride) - 1) * stride + span - size, 0)
        pads.append([total // 2, total - total // 2])
    return pads


def _refuse(name: str, what: Any) -> Any:
    raise ModelError(
        f"{name} cannot be written for another framework: {what}; give a network of "
        "images made of dense layers, 2D convolutions, pooling, sums and plain ReLUs"
    )
