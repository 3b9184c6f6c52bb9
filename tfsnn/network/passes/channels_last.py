"""Undo transpositions to channels first: channels stay last as far as that goes.

A layer in ``channels_first`` is a node with the channels last between two
transpositions. Those between such layers go: what lies between them, a ReLU, a sum, a
gain and offset of each channel, is computed with the channels last as well. So the
passes behind find batch norms, neurons and poolings next to the weights, as in a
network that was built in ``channels_last``; what is left is a transposition of the
input, and one of an output that has places.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from tfsnn.network.axes import channels_to_back, channels_to_front, moves_nothing
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import (
    Constant,
    Function,
    Linear,
    Pool,
    Readout,
    Reshape,
    Transpose,
)


def channels_last(graph: Graph) -> Graph:
    """Move transpositions of the channels up and down until they meet and cancel.

    That is done for samples of as many axes as those of which a convolution or a
    pooling reads a transposition; others, as in a mixer of tokens, are left alone.
    """
    ranks = {
        len(node.shape)
        for node in graph.of_kind(Transpose)
        if node.order == channels_to_back(len(node.shape))
        and any(map(_has_windows, graph.consumers()[node.name]))
    }
    return _Walk(graph, ranks).graph() if ranks else graph


def _has_windows(node: Node) -> bool:
    return isinstance(node, Pool) or (isinstance(node, Linear) and node.form != "dense")


class _Value(NamedTuple):
    """A value of the old graph: the node that stores it, and in which order.

    Attributes:
        name: a node of the new graph.
        front: whether the old graph has its channels first, and the node last.
    """

    name: str
    front: bool = False


class _Walk:
    """The walk from inputs to outputs that leaves transpositions for later."""

    def __init__(self, graph: Graph, ranks: Collection[int]) -> None:
        self.old = {node.name: node for node in graph}
        self.before, self.ranks = graph, ranks
        self.consumers = graph.consumers()
        self.wanted = self._wanted()
        self.nodes: dict[str, Node] = {}
        self.values: dict[str, _Value] = {}
        self.moved: dict[tuple[str, bool], str] = {}
        for node in graph:
            self.values[node.name] = self.add(node)

    def graph(self) -> Graph:
        """Return the new graph, without what nothing reads any more."""
        needed = set(self.before.outputs)
        for node in reversed(self.nodes.values()):
            if node.name in needed:
                needed.update(node.inputs)
        kept = [n for n in self.nodes.values() if n.name in needed or not n.inputs]
        gone = {node.layer for node in self.before} - {node.layer for node in kept}
        fates = dict.fromkeys(gone, "dropped: the channels stay last")
        return self.before.rewrite(kept, {}, fates)

    def _wanted(self) -> set[str]:
        """Find the nodes that are read with the channels last alone."""
        wanted: set[str] = set()
        for node in reversed(self.before.nodes):
            readers = self.consumers[node.name]
            alone = all(self._to_back(r) or r.name in wanted for r in readers)
            if readers and alone and len(node.inputs) == 1 and self._can(node):
                wanted.add(node.name)
        return wanted

    def _to_back(self, node: Node) -> bool:
        rank = len(node.shape)
        turns = isinstance(node, Transpose) and node.order == channels_to_back(rank)
        return turns and rank in self.ranks

    def _to_front(self, node: Node) -> bool:
        rank = len(node.shape)
        turns = isinstance(node, Transpose) and node.order == channels_to_front(rank)
        return turns and rank in self.ranks

    def _can(self, node: Node) -> bool:
        """Whether a node can be computed with the channels last."""
        rank = len(node.shape)
        ranks = {len(self.old[name].shape) for name in node.inputs} - {0}
        same = ranks == {rank} and not isinstance(node, Transpose)
        return same and node.reordered(channels_to_front(rank)) is not None

    def _follows(self, node: Node) -> bool:
        """Whether to compute a node with the channels last, for what it reads."""
        if node.name in self.wanted:
            return True
        front = [self.values[name].front for name in node.inputs]
        if not any(front):
            return False
        readers = self.consumers[node.name]
        head = isinstance(node, Function) and len(node.inputs) == 1
        if head and all(isinstance(reader, Readout) for reader in readers):
            return False  # it becomes the readout's head
        return all(map(self._comes, node.inputs)) and self._can(node)

    def _comes(self, name: str) -> bool:
        """Whether a value can be had with the channels last at no cost."""
        node = self.old[name]
        return (
            self.values[name].front
            or isinstance(node, Constant)
            or moves_nothing(channels_to_back(len(node.shape)), node.shape)
            or any(self._to_back(reader) for reader in self.consumers[name])
        )

    def add(self, node: Node) -> _Value:
        """Add a node, or leave it out; return where its value is."""
        if isinstance(node, Transpose):
            (name,) = node.inputs
            read = self.values[name]
            if self._to_back(node) and read.front:
                return _Value(read.name)
            # Of two axes the orders are the same: to the front where channels are last.
            computed = len(node.shape) > 2 or _has_windows(self.old[name])
            if self._to_front(node) and not read.front and computed:
                return _Value(read.name, front=True)
            if self._to_back(node):
                return _Value(self.last(name))
        if self._follows(node):
            new = node.reordered(channels_to_front(len(node.shape)))
            assert new is not None
            inputs = tuple(map(self.last, node.inputs))
            return _Value(self.put(new.replace(inputs=inputs)), front=True)
        if isinstance(node, Reshape) and (read := self.values[node.inputs[0]]).front:
            shape = self.nodes[read.name].shape
            if shape == node.shape:
                return _Value(read.name)
            if moves_nothing(channels_to_front(len(shape)), shape):
                return _Value(self.put(node.replace(inputs=(read.name,))))
        return _Value(self.put(node.replace(inputs=tuple(map(self.read, node.inputs)))))

    def read(self, name: str) -> str:
        """Return the node that has a value as the old graph has it."""
        value = self.values[name]
        return self._turned(value.name, front=True) if value.front else value.name

    def last(self, name: str) -> str:
        """Return the node that has a value with the channels last."""
        value = self.values[name]
        scalar = not self.old[name].shape
        if value.front or scalar:
            return value.name
        return self._turned(value.name, front=False)

    def _turned(self, name: str, *, front: bool) -> str:
        """Return a node's transposition, the same one whenever it is asked for."""
        if (name, front) not in self.moved:
            turned = self._turn(self.nodes[name], front)
            undoes = isinstance(turned, Transpose) and self._undone(turned)
            self.moved[name, front] = undoes or self.put(turned)
        return self.moved[name, front]

    def _turn(self, node: Node, front: bool) -> Node:
        rank = len(node.shape)
        order = channels_to_front(rank) if front else channels_to_back(rank)
        shape = tuple(node.shape[axis] for axis in order)
        name = self._free(f"{node.name}_channels_{'first' if front else 'last'}")
        if isinstance(node, Constant):
            value = np.transpose(node.value, order)
            return node.replace(name=name, shape=shape, value=value)
        if not moves_nothing(order, node.shape):
            return Transpose(name, (node.name,), shape, order, layer=node.layer)
        source = node.inputs[0] if isinstance(node, Reshape) else node.name
        return Reshape(name, (source,), shape, layer=node.layer)

    def _undone(self, node: Transpose) -> str:
        """Return what a transposition has read that this one reverses, if it does."""
        before = self.nodes[node.inputs[0]]
        if not isinstance(before, Transpose):
            return ""
        order = [before.order[axis] for axis in node.order]
        return before.inputs[0] if order == sorted(order) else ""

    def put(self, node: Node) -> str:
        """Add a node to the new graph."""
        self.nodes[node.name] = node
        return node.name

    def _free(self, name: str) -> str:
        """Return a name that no node has, old or new: this one, or with a number."""
        free, count = name, 1
        while free in self.nodes or free in self.old:
            count += 1
            free = f"{name}_{count}"
        return free
