"""Signals of a NIR graph as they are read into nodes of tfsnn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tfsnn.network.graph import Node
from tfsnn.network.nodes import Merge, Take


class UnreadableError(Exception):
    """A NIR node that has no counterpart; the reason."""


class Read(NamedTuple):
    """A signal that was read.

    Attributes:
        name: of the node that sends it.
        shape: of one sample, channels last.
        order: of a vector: at place j NIR has its element ``order[j]``; None where both
            have the same order.
    """

    name: str
    shape: tuple[int, ...]
    order: np.ndarray | None = None


@dataclass
class Reader:
    """Nodes as they are made.

    Attributes:
        reset: "subtract" or "zero".
        strict: whether a spike needs a potential above the threshold.
        scales: by NIR node, what one spike stands for.
        heads: by NIR node, name and options of the head of an output.
        names: of nodes, by NIR node; its own if there is none.
        nodes: made so far.
    """

    reset: str
    strict: bool
    scales: dict[str, np.ndarray]
    heads: dict[str, tuple[str, dict[str, Any]]]
    names: dict[str, str]
    nodes: list[Node] = field(default_factory=list)

    def add(self, node: Node, order: np.ndarray | None = None) -> Read:
        """Add a node; what it sends."""
        known = {other.name for other in self.nodes}
        name, number = node.name, 1
        while name in known:
            number += 1
            name = f"{node.name}_{number}"
        self.nodes.append(node.replace(name=name))
        return Read(name, node.shape, order)

    def sum(self, name: str, signals: Sequence[Read]) -> Read:
        """The sum of the signals that a node of this name reads.

        Raises:
            UnreadableError: if their shapes differ.
        """
        if len(signals) == 1:
            return signals[0]
        shapes = {signal.shape for signal in signals}
        if len(shapes) > 1:
            raise UnreadableError(f"is read by edges of the shapes {sorted(shapes)}")
        orders = [signal.order for signal in signals]
        first, *others = orders
        if any(not _equal(first, order) for order in others):
            signals = [self.in_order(signal) for signal in signals]
            first = None
        names = tuple(signal.name for signal in signals)
        return self.add(Merge(f"{name}_sum", names, shapes.pop(), "add"), first)

    def in_order(self, signal: Read) -> Read:
        """The signal with the elements where NIR has them."""
        if signal.order is None:
            return signal
        places = tuple(int(n) for n in signal.order)
        take = Take(f"{signal.name}_order", (signal.name,), signal.shape, 0, places)
        return self.add(take)


def _equal(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b)
