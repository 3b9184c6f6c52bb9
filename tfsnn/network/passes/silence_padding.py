"""Let neurons of padding tokens be silent, in networks that attend with a mask.

A sequence of a fixed number of tokens has tokens that are only there to fill it. The
attention gives them no weight, so what their neurons send reaches no output; still they
would send it. Here the mask of the attention cuts off their currents.

That nothing of padding reaches an output follows from the whole network, so it is
tried: a network whose outputs differ, for some samples, is left as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.graph import Graph
from tfsnn.network.neurons.few_spikes import EVEN
from tfsnn.network.node import Node, Shape
from tfsnn.network.nodes import (
    Affine,
    Coder,
    DigitMax,
    Gate,
    Merge,
    Rate,
    Reshape,
    SmoothRate,
)
from tfsnn.network.roles import constant_nodes

TRIED = 8  # samples
TOLERANCE = 1e-4
TOKENS = "tokens_kept"


def silence_padding(graph: Graph) -> Graph:
    """Cut off the currents of neurons of padding tokens, if that changes no output."""
    masks = [node.inputs[1] for node in graph.of_kind(DigitMax) if node.inputs[1:]]
    if not masks or math.prod(graph[masks[0]].shape) != graph[masks[0]].shape[-1]:
        return graph
    count = graph[masks[0]].shape[-1]
    constant = constant_nodes(graph)
    known = [node for node in graph if node.name in constant]
    gates = _Gates(count, [*known, Reshape(TOKENS, (masks[0],), (count,))])
    for node in graph:
        if node.name not in constant:
            gates.nodes.append(gates.gated(node))
    silent = graph.rewrite(gates.nodes, {}, {})
    feed = _samples(graph, count)
    before, after = (each.forward(feed) for each in (graph, silent))
    same = all(_equal(before[name], after[name]) for name in graph.outputs)
    tried = np.ptp(np.asarray(before[masks[0]])) > 0  # some places are padding
    return silent if same and tried else graph


@dataclass
class _Gates:
    """The nodes so far, with what has been put in.

    Attributes:
        count: the number of tokens.
        nodes: the nodes.
        masks: the mask of tokens in other shapes, by shape.
        filled: those with 1 where the mask is 0, and 0 where it is 1, by its name.
    """

    count: int
    nodes: list[Node]
    masks: dict[Shape, str] = field(default_factory=dict)
    filled: dict[str, str] = field(default_factory=dict)

    def gated(self, node: Node) -> Node:
        """Return a node that reads a gate, if it is a population with tokens."""
        axis = self._axis(node)
        if axis is None:
            return node
        (reads,) = node.inputs
        shape = tuple(self.count if i == axis else 1 for i in range(len(node.shape)))
        name, layer = f"{node.name}_kept", node.layer
        if isinstance(node, SmoothRate) and node.op not in EVEN:
            # 1 / sqrt(0) would be larger than all others: it is that of 1.
            filled = self._filled(self._mask(shape), shape)
            merge = Merge(
                name, (reads, filled), node.shape, "add", repeats=True, layer=layer
            )
            self.nodes.append(merge)
        else:
            inputs = (reads, self._mask(shape))
            self.nodes.append(Gate(name, inputs, node.shape, layer=layer))
        return node.replace(inputs=(name,))

    def _axis(self, node: Node) -> int | None:
        """Return the axis of tokens of a population that is silent without a current.

        Of attention, places by places, it is that of the queries.
        """
        if not isinstance(node, Rate) or node.quantized is not None:
            return None
        inverse = isinstance(node, SmoothRate) and node.op == "rsqrt"
        if isinstance(node, SmoothRate) and not inverse and node.op not in EVEN:
            return None
        if len(node.shape) >= 2 and node.shape[0] == self.count:
            return 0
        squares = len(node.shape) == 3 and node.shape[1:] == (self.count, self.count)
        return 1 if squares and isinstance(node, Coder) else None

    def _mask(self, shape: Shape) -> str:
        if shape not in self.masks:
            name = f"{TOKENS}_{len(self.masks)}"
            self.nodes.append(Reshape(name, (TOKENS,), shape))
            self.masks[shape] = name
        return self.masks[shape]

    def _filled(self, mask: str, shape: Shape) -> str:
        """Return 1 where a mask is 0, and 0 where it is 1."""
        if mask not in self.filled:
            one, name = np.ones(1, np.float32), f"{mask}_out"
            self.nodes.append(Affine(name, (mask,), shape, gain=-one, offset=one))
            self.filled[mask] = name
        return self.filled[mask]


def _samples(graph: Graph, count: int) -> dict[str, Any]:
    """Return inputs of some sequences that end in padding, by name."""
    rng = np.random.default_rng(0)
    kept = np.arange(count) < rng.integers(1, count + 1, (TRIED, 1))
    feed = {}
    for name, shape in graph.inputs.items():
        size = (TRIED, *shape)
        x: Any
        if shape == (count,):  # numbers of tokens, or a mask
            x = rng.integers(1, 2, size) * kept
        elif name in graph.whole_inputs:
            x = rng.integers(0, 2, size)
        else:
            x = rng.normal(size=size)
        feed[name] = tf.constant(x, tf.float32)
    return feed


def _equal(x: Any, y: Any) -> bool:
    """Return whether two arrays are equal, but for rounding, and are numbers."""
    x, y = np.asarray(x), np.asarray(y)
    near = np.abs(x - y) <= TOLERANCE * np.abs(x).max(initial=1e-6)
    return bool(near.all())
