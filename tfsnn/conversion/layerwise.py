"""A network layer by layer, on samples: few of its signals are held, in little memory.

A layer sees all its steps at once, and the samples in slices, so that memory does not
grow with their number but for what is held (:mod:`tfsnn.conversion.memory`): spikes, as
8-bit integers where they are such. Other signals are computed where they are read.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.conversion.memory import held_over_time, held_values, last_uses
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.roles import constant_nodes, spiking_nodes
from tfsnn.network.signals import Signal

AT_ONCE = 2**22  # values of a signal, over all steps, that are computed together
KEPT = 2**24  # values of a population's currents that are kept for another pass


class Layerwise:
    """A network on samples; its nodes are advanced in order, and may be exchanged.

    Attributes:
        nodes: the nodes by name, as signals are computed with them.
        samples: N, their number.
        steps: S, all steps; 1 for an ANN.
    """

    def __init__(
        self,
        graph: Graph,
        feed: Mapping[str, Any],
        steps: int = 1,
        *,
        constant: Collection[str] | None = None,
        held: Collection[str] | None = None,
    ) -> None:
        """Hold the samples, ``(N, *shape)`` by input; nothing is computed.

        Args:
            graph: the network.
            feed: the samples by input.
            steps: S.
            constant: the nodes that do not change over time.
            held: the nodes whose signals are held once they were advanced.
        """
        self.graph, self.feed, self.steps = graph, feed, steps
        self.nodes: dict[str, Node] = {node.name: node for node in graph}
        self.samples = len(next(iter(feed.values())))
        self.constant = constant_nodes(graph) if constant is None else set(constant)
        self.held = held_over_time(graph) if held is None else held
        self._used = last_uses(graph, self.held)
        self._events = spiking_nodes(graph) - self.constant
        self._arrays: dict[str, np.ndarray] = {}  # (N, S, *shape), or (N, *shape)
        self._widest: dict[str, int] = {}

    @classmethod
    def of_ann(cls, graph: Graph, feed: Mapping[str, Any]) -> Layerwise:
        """Return the ANN on samples: each of its values is one step, and constant."""
        names = {node.name for node in graph}
        return cls(graph, feed, constant=names, held=held_values(graph))

    def slices(self, name: str, among: slice | None = None) -> Iterator[slice]:
        """Return the slices of samples, or of some, in which a signal is computed."""
        start, stop = (0, self.samples) if among is None else (among.start, among.stop)
        size = max(1, AT_ONCE // self._width(name))
        for first in range(start, stop, size):
            yield slice(first, min(first + size, stop))

    def read(self, name: str, rows: slice) -> Signal:
        """Return a signal of some samples in all steps; of an ANN a constant one."""
        constant = name in self.constant
        if name in self.feed:
            x = tf.convert_to_tensor(self.feed[name][rows])
            return Signal(tf.cast(x, tf.float32), self.steps, constant=True)
        if name in self._arrays:
            found = self._arrays[name][:, rows]
            tensor = tf.constant(found.reshape(-1, *found.shape[2:]))
            return Signal(tf.cast(tensor, tf.float32), self.steps, constant)
        return Signal(self._computed(self.nodes[name], rows), self.steps, constant)

    def mean(self, name: str, rows: slice) -> Any:
        """Return what a signal of some samples stands for, ``(n, *shape)``."""
        found = []
        for some in self.slices(name, rows):
            signal, clock = self.read(name, some), self.graph.clock
            steps = signal.steps()
            found.append(signal.tensor if signal.constant else clock.mean(steps))
        return found[0] if len(found) == 1 else tf.concat(found, 0)

    def currents(self, name: str) -> Callable[[], Iterator[tuple[slice, list[Any]]]]:
        """Return passes over what a population reads: samples, and a list of steps.

        It is computed once, if it is not too large to be kept.
        """
        (before,) = self.nodes[name].inputs
        values = self.samples * self.steps * math.prod(self.graph[before].shape)

        @functools.cache
        def kept(first: int, stop: int) -> list[Any]:
            return self.read(before, slice(first, stop)).steps()

        def one_pass() -> Iterator[tuple[slice, list[Any]]]:
            read = kept if values <= KEPT else kept.__wrapped__
            for rows in self.slices(name):
                yield rows, read(rows.start, rows.stop)

        return one_pass

    def advance(self, name: str) -> None:
        """Compute a signal on all samples, if it is one of those held."""
        if name in self.held:
            for rows in self.slices(name):
                self.hold(name, rows, self._computed(self.nodes[name], rows))

    def hold(self, name: str, rows: slice, tensor: Any) -> None:
        """Hold a signal of some samples, ``(S * n, *shape)``, time first.

        That of an ANN is ``(n, *shape)``.
        """
        steps = 1 if name in self.constant else self.steps
        if name in self._events and self._small(name):
            small = tf.cast(tensor, tf.int8)
            if tf.reduce_all(tf.cast(small, tf.float32) == tensor):
                tensor = small
        found = tensor.numpy()
        found = found.reshape(steps, -1, *found.shape[1:])
        if name not in self._arrays:
            shape = (steps, self.samples, *found.shape[2:])
            self._arrays[name] = np.empty(shape, found.dtype)
        elif self._arrays[name].dtype != found.dtype:
            self._arrays[name] = self._arrays[name].astype(found.dtype)
        self._arrays[name][:, rows] = found

    def forget(self, name: str) -> None:
        """Forget what was used for the last time at a node."""
        for used in self._used.get(name, ()):
            self._arrays.pop(used, None)

    @property
    def bytes_held(self) -> int:
        """The bytes of all signals held."""
        return sum(array.nbytes for array in self._arrays.values())

    def _small(self, name: str) -> bool:
        """Whether nothing that was held of a signal is more than 8-bit integers."""
        return name not in self._arrays or self._arrays[name].dtype == np.int8

    def _computed(self, node: Node, rows: slice) -> Any:
        """Return a node's output, ``(S * n, *shape)``; ``(n, *shape)`` if constant."""
        reads = [self.read(name, rows) for name in node.inputs]
        if node.name in self.constant:
            return node.apply(*(read.tensor for read in reads))
        shapes = [
            None if read.constant else self.graph[name].shape
            for name, read in zip(node.inputs, reads, strict=True)
        ]
        state = node.initial_state(rows.stop - rows.start, shapes)
        return node.advance(reads, state, self.graph.clock).value

    def _width(self, name: str) -> int:
        """Return the most values of a sample in a signal, or one it is made of."""
        if name not in self._widest:
            node = self.graph[name]
            steps = 1 if name in self.constant else self.steps
            widths = [max(steps * math.prod(node.shape), 1)]
            for before in node.inputs:
                shape = math.prod(self.graph[before].shape)
                widths.append(steps * shape)
                if before not in self.held:
                    widths.append(self._width(before))
            self._widest[name] = max(widths)
        return self._widest[name]
