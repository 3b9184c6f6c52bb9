"""Make what softmax leaves out a mask of its own, where a network adds or chooses it.

Attention that is written by hand hides places by a large negative number in place of
their scores, or added to them:

    softmax(x + m)            m is 0, and -1e9 where a place is hidden
    softmax(where(kept, x, -1e9))

Such a number is no score: neurons with a range for it would have no digit left for the
others. So it becomes the mask of a softmax, and what else is added stays. A mask that
depends on the sample may also leave nothing over; then all places have the same share,
as in Keras: their scores are 0, and all are kept.

The ANN's outputs stay, and names and shapes as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Constant, Function, Gate, Linear, Lookup, Merge

HIDDEN = -1e3  # scores below are none: the exponential of such a difference is 0
WEIGHED = ("matmul", "einsum")


def unweighed(node: Node, known: Collection[str]) -> bool:
    """Return whether a node computes of inputs without weights, as masks are.

    Args:
        node: the node.
        known: the nodes before it of which that holds.
    """
    if node.spikes or isinstance(node, Linear | Lookup) or node.label in WEIGHED:
        return False
    return set(node.inputs) <= set(known)


def score_masks(graph: Graph) -> Graph:
    """Give each softmax its mask apart from its scores."""
    work = _Masks(graph)
    for node in graph:
        if unweighed(node, work.known):
            work.known.add(node.name)
        work.add(work.changed(node))
    read = set(graph.outputs).union(*(each.inputs for each in work.nodes.values()))
    unused = work.replaced - read
    nodes = [each for name, each in work.nodes.items() if name not in unused]
    return graph.rewrite(nodes, {}, {})


@dataclass
class _Masks:
    """The nodes so far.

    Attributes:
        graph: the graph before.
        nodes: the nodes so far, by name.
        known: those of the graph that are computed of inputs without weights.
        replaced: sums and choices that a softmax does not read any more.
    """

    graph: Graph
    nodes: dict[str, Node] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)

    def add(self, node: Node) -> str:
        """Add a node, and return its name."""
        self.nodes[node.name] = node
        return node.name

    def changed(self, node: Node) -> Node:
        """Return the node in whose place the mask is one of its own."""
        if not isinstance(node, Function):
            return node
        if node.op == "softmax" and (found := self._hidden(node)) is not None:
            self.replaced.add(node.inputs[0])
            node = node.replace(op="filled_softmax", inputs=found)
        if node.op == "filled_softmax":
            return self._never_empty(node)
        return node

    def _number(self, name: str, value: Any, layer: str) -> str:
        """Add an array of the model's own."""
        value, reads = np.asarray(value, np.float32), next(iter(self.graph.inputs))
        return self.add(Constant(name, (reads,), value.shape, value=value, layer=layer))

    def _function(self, name: str, op: str, *reads: str, like: Node) -> str:
        """Add a function of masks, of the shape of the first of them."""
        shape = self.nodes[reads[0]].shape
        return self.add(Function(name, reads, shape, op, layer=like.layer))

    def _hidden(self, node: Function) -> tuple[str, str] | None:
        """Return the scores that a softmax reads, and their mask, if there is one."""
        before = self.nodes[node.inputs[0]]
        if isinstance(before, Affine) and before.offset is not None:
            return self._of_offset(before)
        if isinstance(before, Merge) and before.is_sum and len(before.inputs) == 2:
            x, m = sorted(before.inputs, key=lambda name: name in self.known)
            if m in self.known and x not in self.known:
                return self._of_sum(before, x, m)
        if isinstance(before, Function) and before.op == "where":
            return self._of_choice(before)
        return None

    def _of_offset(self, before: Affine) -> tuple[str, str] | None:
        """Take the mask out of an array that is added."""
        offset = np.asarray(before.offset)
        kept = offset > HIDDEN
        if kept.all():
            return None
        rest = np.where(kept, offset, 0).astype(np.float32)
        scores = self.add(before.replace(name=f"{before.name}_scores", offset=rest))
        kept = kept[(None,) * (len(before.shape) - kept.ndim)]
        return scores, self._number(f"{before.name}_mask", kept, before.layer)

    def _of_sum(self, before: Merge, x: str, m: str) -> tuple[str, str]:
        """Take the mask out of a signal that is added."""
        ones, name, layer = (1,) * len(before.shape), before.name, before.layer
        limit = self._number(f"{name}_limit", np.full(ones, HIDDEN), layer)
        zero = self._number(f"{name}_zero", np.zeros(ones), layer)
        kept = self._function(f"{name}_mask", "greater", m, limit, like=before)
        shape = self.nodes[m].shape
        rest = Function(f"{name}_rest", (kept, m, zero), shape, "where", layer=layer)
        inputs = (x, self.add(rest))
        return self.add(before.replace(name=f"{name}_scores", inputs=inputs)), kept

    def _of_choice(self, before: Function) -> tuple[str, str] | None:
        """Take the condition of scores in the place of a large negative number."""
        condition, x, other = before.inputs
        op, scores = ("logical_not", other) if self._low(x) else ("logical_or", x)
        whole = self.nodes[scores].shape == before.shape
        if condition not in self.known or not whole or not self._low(x, other):
            return None
        name, mask = f"{before.name}_mask", self.nodes[condition]
        if isinstance(mask, Constant):
            kept = (np.asarray(mask.value) != 0) == (op == "logical_or")
            return scores, self._number(name, kept, before.layer)
        reads = [condition] * (2 if op == "logical_or" else 1)
        return scores, self._function(name, op, *reads, like=before)

    def _low(self, *names: str) -> bool:
        """Return whether one of these signals is a number that hides a place."""
        return any(
            isinstance(node, Constant) and np.max(node.value) <= HIDDEN
            for node in map(self.nodes.get, names)
        )

    def _never_empty(self, node: Function) -> Function:
        """Let a softmax keep all places, of scores 0, where its mask keeps none."""
        x, mask = node.inputs
        axes, given = tuple(node.options["axes"]), self.nodes[mask]
        if isinstance(given, Constant) and np.all(np.max(given.value, axes) > 0.5):
            return node
        shape = tuple(1 if i in axes else n for i, n in enumerate(given.shape))
        some = f"{mask}_some_{'_'.join(map(str, axes))}"
        if some not in self.nodes:
            kept = self._function(f"{some}_kept", "kept", mask, like=node)
            self.add(
                Function(some, (kept,), shape, "amax", {"axes": axes}, layer=node.layer)
            )
            none = self._function(f"{some}_none", "logical_not", some, like=node)
            self._function(f"{some}_filled", "logical_or", kept, none, like=node)
        gate = Gate(f"{node.name}_gate", (x, some), node.shape, layer=node.layer)
        return node.replace(inputs=(self.add(gate), f"{some}_filled"))
