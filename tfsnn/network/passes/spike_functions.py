"""Let smooth activations spike, for methods whose neurons compute them.

Some are sums of what neurons compute: with n(x) = min(exp(x) - 1, 0) and any alpha,

    elu(x) = relu(x) + alpha n(x)
    celu(x) = relu(x) + alpha n(x / alpha)
    selu(x) = s relu(x) + s a n(x), with the s and a of Klambauer et al. (NIPS 2017)
    log_sigmoid(x) = -softplus(-x)
    gelu(x) = relu(x) - gelu_tail(x), silu(x) = relu(x) - silu_tail(x)

The tails are even and bounded, so that no table has to reach the largest x. Of these
each sum has a population for x above 0 and another one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Function, Merge, Rate, SmoothRate

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


class Parts(NamedTuple):
    """An activation: positive * relu(x) + outer * f(inner * x).

    Attributes:
        function: f, which neurons compute.
        positive: the gain of ReLU, 0 for none.
        inner: the gain before f.
        outer: the gain behind f.
        options: the arguments of f beside its input.
    """

    function: str
    positive: float
    inner: float
    outer: float
    options: Mapping[str, Any] = {}


PARTS: dict[str, Callable[..., Parts]] = {
    "elu": lambda alpha=1.0: Parts("negative_elu", 1.0, 1.0, alpha),
    "celu": lambda alpha=1.0: Parts("negative_elu", 1.0, 1 / alpha, alpha),
    "selu": lambda: Parts("negative_elu", SELU_SCALE, 1.0, SELU_SCALE * SELU_ALPHA),
    "gelu": lambda **how: Parts("gelu_tail", 1.0, 1.0, -1.0, how),
    "silu": lambda: Parts("silu_tail", 1.0, 1.0, -1.0),
    "log_sigmoid": lambda: Parts("softplus", 0.0, -1.0, -1.0),
}


def spike_functions(graph: Graph, functions: Collection[str]) -> Graph:
    """Make each function of one signal that is among `functions` a population.

    Those of :data:`PARTS` become several, where `functions` has what they consist of.
    The ANN's outputs stay, and so do names and shapes: what was a running sum spikes.
    """
    nodes: list[Node] = []
    for node in graph:
        if isinstance(node, Function) and len(node.inputs) == 1 and node.shape:
            nodes += _spiking(node, functions)
        else:
            nodes.append(node)
    return graph.rewrite(nodes, {}, {})


def _spiking(node: Function, functions: Collection[str]) -> list[Node]:
    if node.op in PARTS:
        parts = PARTS[node.op](**node.options)
        return _sum(node, parts) if parts.function in functions else [node]
    if node.op not in functions:
        return [node]
    return [_neurons(node, node.name, node.inputs[0], node.op, node.options)]


def _neurons(
    node: Function, name: str, reads: str, op: str, options: Mapping[str, Any]
) -> SmoothRate:
    return SmoothRate(
        name, (reads,), node.shape, layer=node.layer, op=op, options=options
    )


def _sum(node: Function, parts: Parts) -> list[Node]:
    """Return the nodes of a sum; the last has the name of the function."""
    (x,) = node.inputs
    nodes: list[Node] = []

    def scaled(reads: str, gain: float, name: str) -> str:
        if gain == 1:
            return reads
        gains = np.full(node.shape[-1], gain, np.float32)
        nodes.append(Affine(name, (reads,), node.shape, layer=node.layer, gain=gains))
        return name

    ways = []
    if parts.positive:
        above = f"{node.name}_above"
        nodes.append(Rate(above, (x,), node.shape, layer=node.layer))
        ways.append(scaled(above, parts.positive, f"{above}_gain"))
    below = f"{node.name}_below"
    reads = scaled(x, parts.inner, f"{below}_scaled")
    nodes.append(_neurons(node, below, reads, parts.function, parts.options))
    ways.append(scaled(below, parts.outer, f"{below}_gain"))
    if len(ways) > 1:
        inputs, form = tuple(ways), "add"
        return [*nodes, Merge(node.name, inputs, node.shape, form, layer=node.layer)]
    return [*nodes[:-1], nodes[-1].replace(name=node.name)]
