"""Fold a gain and an offset per channel into the weights before or behind them."""

from __future__ import annotations

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Affine, Linear
from tfsnn.network.passes.quantised_rates import rounded_beside


def fold_affine(graph: Graph) -> Graph:
    """Fold affine nodes into linear neighbours, until nothing changes.

    Into the linear node before: W' = gain * W, b' = gain * b + offset, where nothing
    else reads that node. Into the linear node behind: W' = W * gain, b' = b + W *
    offset, where that is the only reader and no zero padding hides the offset from the
    border. What has no such neighbour stays; and what stands beside an activation that
    the ANN quantises, for folding rounds weights anew.
    """
    while (folded := _fold_one(graph)) is not None:
        graph = folded
    return graph


def _fold_one(graph: Graph) -> Graph | None:
    consumers = graph.consumers()
    for node in graph.of_kind(Affine):
        if any(np.ndim(a) > 1 for a in (node.gain, node.offset)):
            continue
        if rounded_beside(graph, node, consumers):
            continue
        before = graph[node.inputs[0]]
        if isinstance(before, Linear) and consumers[before.name] == [node]:
            return _merged(graph, node, _into_before(before, node))
        readers = consumers[node.name]
        if len(readers) == 1 and isinstance(readers[0], Linear):
            behind = readers[0]
            if node.offset is None or not behind.hides_borders:
                return _merged(graph, node, _into_behind(behind, node))
    return None


def _into_before(linear: Linear, node: Affine) -> Linear:
    kernel = np.asarray(linear.kernel, np.float64)
    offset = 0.0 if node.offset is None else np.asarray(node.offset, np.float64)
    exact = linear.replace(kernel=kernel)
    ones = np.ones(linear.channels_in)
    folded = exact.scaled(ones, np.asarray(node.gain, np.float64))
    bias = 0.0 if linear.bias is None else np.asarray(linear.bias, np.float64)
    bias = np.broadcast_to(bias * node.gain + offset, linear.shape[-1:])
    return folded.replace(bias=bias.astype(np.float32) if bias.any() else None)


def _into_behind(linear: Linear, node: Affine) -> Linear:
    ones = np.ones(linear.shape[-1])
    gain = np.broadcast_to(node.gain, linear.channels_in)
    folded = linear.scaled(gain, ones)
    if node.offset is None:
        return folded
    offset = np.broadcast_to(node.offset, linear.channels_in)
    # The response to the offset alone: the kernel summed over its window.
    response = linear.scaled(offset, ones).kernel.astype(np.float64)
    axes = range(response.ndim - 1 - (linear.form == "depthwise"))
    bias = response.sum(tuple(axes)).ravel()
    if linear.bias is not None:
        bias = bias + linear.bias
    return folded.replace(bias=bias.astype(np.float32))


def _merged(graph: Graph, node: Affine, linear: Linear) -> Graph:
    nodes = [
        linear if other.name == linear.name else other
        for other in graph
        if other.name != node.name
    ]
    renamed = {node.name: node.inputs[0]}
    return graph.rewrite(nodes, renamed, {node.layer: f"folded into {linear.layer}"})
