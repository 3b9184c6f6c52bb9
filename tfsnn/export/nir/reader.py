"""The reader of a NIR graph, which collects nodes of tfsnn and their signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from tfsnn.export.nir.signals import DT
from tfsnn.network.graph import Node
from tfsnn.network.nodes import Merge, Take
from tfsnn_numpy.json_text import LARGEST


class UnreadableError(Exception):
    """A NIR node has no counterpart in tfsnn, for the reason in the message."""


class Head(NamedTuple):
    """The head of an output, and what its spikes stand for where it is counts.

    Attributes:
        name, options: of the function.
        scale: what one spike a step stands for, by channel; None where outputs are in
            the ANN's units.
        offset: what is added to that, by channel; empty for nothing.
    """

    name: str = "linear"
    options: Mapping[str, Any] = MappingProxyType({})
    scale: Sequence[float] | None = None
    offset: Sequence[float] = ()


class ReadSignal(NamedTuple):
    """A signal of a NIR graph as a node of tfsnn sends it.

    Attributes:
        name: name of the node that sends the signal.
        shape: shape of one sample, channels last.
        order: order of a vector in NIR, whose place j has element ``order[j]``; None
            where both have the same order.
    """

    name: str
    shape: tuple[int, ...]
    order: np.ndarray | None = None


def numbers(values: Any, what: str) -> np.ndarray:
    """Return a parameter of a NIR node as an array of numbers.

    Raises:
        UnreadableError: if it is something else.
    """
    found = np.asarray(values)
    if found.dtype.kind not in "fiub":
        raise UnreadableError(f"has {what} that is no number: {str(values)[:40]!r}")
    return found


def whole_numbers(values: Any, what: str, least: int = 0) -> np.ndarray:
    """Return a parameter of a NIR node as a vector of whole numbers.

    Raises:
        UnreadableError: if it is something else, or holds numbers below `least`.
    """
    found = numbers(values, what).ravel()
    if not np.all((found >= least) & (found <= LARGEST) & (found % 1 == 0)):
        raise UnreadableError(
            f"has {what} of {found.tolist()[:4]}: give whole numbers from {least} up"
        )
    return found.astype(np.int64)


def from_first(values: Any, signal: ReadSignal) -> np.ndarray:
    """Put NIR's parameters per unit into the shape and order of the signal.

    Raises:
        UnreadableError: if they are no numbers, or of another shape.
    """
    values = np.asarray(numbers(values, "parameters"), np.float32)
    if values.size == 1:
        return values.reshape(())
    nir_shape = (signal.shape[-1], *signal.shape[:-1])
    if values.shape != nir_shape:
        raise UnreadableError(
            f"has parameters of shape {values.shape}, and reads {nir_shape}: give one "
            "per unit, or one in all"
        )
    if signal.order is not None:
        ordered = np.empty_like(values)
        ordered[signal.order] = values
        values = ordered
    return np.moveaxis(values, 0, -1)


@dataclass
class Reader:
    """The nodes of tfsnn that were made of a NIR graph so far, and how to make them.

    Attributes:
        reset: reset of the neurons, "subtract" or "zero".
        strict: whether a spike needs a potential above the threshold, not equal to it.
        scales: what one spike stands for, by NIR node.
        heads: the head of an output, by NIR node.
        names: names to give to nodes, by NIR node; others keep NIR's name.
        dt: the length of a step, in seconds.
        shares: what leaky neurons keep in a step, where it is known, by NIR node.
        nodes: nodes that were made so far.
    """

    reset: str
    strict: bool
    scales: dict[str, np.ndarray]
    heads: dict[str, Head]
    names: dict[str, str]
    dt: float = DT
    shares: dict[str, dict[str, Any]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    def add(self, node: Node, order: np.ndarray | None = None) -> ReadSignal:
        """Add a node under a free name, and return the signal that it sends."""
        known = {other.name for other in self.nodes}
        name, number = node.name, 1
        while name in known:
            number += 1
            name = f"{node.name}_{number}"
        self.nodes.append(node.replace(name=name))
        return ReadSignal(name, node.shape, order)

    def sum(self, name: str, signals: Sequence[ReadSignal]) -> ReadSignal:
        """Add the sum of the signals that the node `name` reads.

        Raises:
            UnreadableError: if the shapes of the signals differ.
        """
        if len(signals) == 1:
            return signals[0]
        shapes = {signal.shape for signal in signals}
        if len(shapes) > 1:
            raise UnreadableError(
                f"reads signals of different shapes, {sorted(shapes)}: their sum needs "
                "equal ones"
            )
        orders = [signal.order for signal in signals]
        first, *others = orders
        if any(not _equal(first, order) for order in others):
            signals = [self.in_order(signal) for signal in signals]
            first = None
        names = tuple(signal.name for signal in signals)
        return self.add(Merge(f"{name}_sum", names, shapes.pop(), "add"), first)

    def in_order(self, signal: ReadSignal) -> ReadSignal:
        """Put a signal's elements in NIR's order."""
        if signal.order is None:
            return signal
        places = tuple(int(n) for n in signal.order)
        take = Take(f"{signal.name}_order", (signal.name,), signal.shape, 0, places)
        return self.add(take)


def _equal(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b)
