"""The weights of nodes as columns, one for each output channel, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Constant, Linear, Lookup

WEIGHTED = (Linear, Affine, Constant, Lookup)  # nodes whose weights become integers
# The arrays of each that are multiplied with inputs, and that are added to them.
FIELDS: dict[type[Node], tuple[str, str | None]] = {
    Linear: ("kernel", "bias"),
    Affine: ("gain", "offset"),
    Constant: ("value", None),
    Lookup: ("table", None),
}


def columns(node: Node, quantum: np.ndarray) -> np.ndarray:
    """Return weights times the quantum of the input, ``(n, channels of the output)``.

    Args:
        node: a node of :data:`WEIGHTED`.
        quantum: of the input, one number or ``(channels of the input,)``.
    """
    if isinstance(node, Linear):
        gain = np.broadcast_to(quantum, node.channels_in).astype(np.float64)
        kernel = np.asarray(node.kernel, np.float64)
        exact = node.replace(kernel=kernel, bias=None)
        return _flat(node, _scaled(exact, gain))
    weights = np.asarray(getattr(node, FIELDS[type(node)][0]), np.float64)
    if isinstance(node, Affine):
        weights = weights * quantum
    return np.broadcast_to(weights, (*weights.shape[:-1], node.shape[-1])).reshape(
        -1, node.shape[-1]
    )


def with_columns(
    node: Node, values: np.ndarray, quantum: np.ndarray, added: Any
) -> Node:
    """Return the node with other weights, ``columns`` of them, over the quantum.

    Args:
        node: a node of :data:`WEIGHTED`.
        values: what :func:`columns` is to be.
        quantum: of the input.
        added: what is added, bias or offset; None for nothing.
    """
    weights, bias = FIELDS[type(node)]
    if isinstance(node, Linear):
        gain = 1 / np.broadcast_to(quantum, node.channels_in).astype(np.float64)
        kernel = _restored(node, values)
        found = _scaled(node.replace(kernel=kernel, bias=None), gain)
    else:
        shape = np.shape(getattr(node, weights))
        found = values.reshape(*shape[:-1], node.shape[-1])
        found = found / quantum if isinstance(node, Affine) else found
    changes: dict[str, Any] = {weights: found.astype(np.float32)}
    if bias is not None:
        changes[bias] = None if added is None else np.asarray(added, np.float32)
    return node.replace(**changes)


def added(node: Node) -> np.ndarray | None:
    """Return what a node adds, bias or offset, float64; None for nothing."""
    name = FIELDS[type(node)][1]
    values = None if name is None else getattr(node, name)
    return None if values is None else np.asarray(values, np.float64)


def _flat(node: Linear, kernel: np.ndarray) -> np.ndarray:
    if node.form == "transposed":
        kernel = np.moveaxis(kernel, -2, -1)
    return kernel.reshape(-1, node.shape[-1])


def _restored(node: Linear, values: np.ndarray) -> np.ndarray:
    shape = tuple(node.kernel.shape)
    if node.form == "transposed":
        return np.moveaxis(values.reshape(*shape[:-2], shape[-1], shape[-2]), -1, -2)
    return values.reshape(shape)


def _scaled(node: Linear, gain: np.ndarray) -> np.ndarray:
    """Return W * gain, of each input channel, in float64."""
    kernel = np.asarray(node.kernel, np.float64)
    if node.form == "depthwise":
        return kernel * gain[:, None]
    if node.form == "transposed":
        return kernel * gain
    per_group = gain.reshape(node.groups, -1)
    return kernel * np.repeat(per_group, kernel.shape[-1] // node.groups, axis=0).T
