"""The grid of a network in normal form: the values that integers over a scale make.

The corrections (:mod:`tfsnn.conversion.correct`) work on the network in normal form, in
floating point. The grid keeps what they change on the multiples of each signal's
quantum, so that :func:`tfsnn.conversion.integers.writing.write` finds integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfsnn.conversion.integers.arrays import WEIGHTED, added, columns, with_columns
from tfsnn.conversion.integers.choose import chosen_integers
from tfsnn.conversion.integers.groups import Group, Quantum
from tfsnn.conversion.integers.layout import Layout
from tfsnn.conversion.integers.scales import Room, chosen_quantum
from tfsnn.conversion.integers.settings import IntegerSettings
from tfsnn.errors import OptionError, UnsupportedError
from tfsnn.hardware.integers import GAINS, IntegerFormat
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Linear, Rounded, Spiking

FINE = 127  # the largest integer, from which on rounding to the nearest was better
VANISHED = 0.5  # of the channels of a layer without weights: it is refused


class Grid:
    """The quanta of all signals of a network, and rounding to them.

    Attributes:
        settings: the integers wanted.
        notes: what the report should warn of.
    """

    def __init__(
        self, layout: Layout, settings: IntegerSettings, timesteps: int
    ) -> None:
        """Choose the quanta of all groups of a network, for so many steps.

        Raises:
            OptionError: for a layer whose weights vanish.
            UnsupportedError: for currents that add up with what they are made into.
        """
        self.settings, self.layout = settings, layout
        clock = layout.graph.clock
        self.steps = clock.weight(timesteps + clock.pre_steps)
        self.quanta = dict(layout.quanta)
        self.notes: list[str] = []
        self._choosing: set[int] = set()
        for node in layout.graph:
            self._choose(self.quanta[node.name])
        for node in layout.graph.of_kind(Linear):
            self._check(node)

    def quantum(self, name: str) -> np.ndarray:
        """Return the quantum of a signal, one number or one for each channel."""
        return self.quanta[name].value

    def joins(self, node: Node) -> None:
        """Make a node known that was put in and only adds to its input."""
        self.quanta[node.name] = self.quanta[node.inputs[0]]

    def only_adds(self, node: Node) -> bool:
        """Whether a node adds to its input, in the integers of that."""
        before, after = self.quanta[node.inputs[0]], self.quanta[node.name]
        if not isinstance(node, Affine) or after.group is None or before.group is None:
            return False
        return before.group.root is after.group.root

    def format_of(self, node: Node) -> IntegerFormat:
        """Return the integers that the weights of a node may be."""
        return self.settings.weights if isinstance(node, Linear) else GAINS

    def integers(self, node: Node) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the weights of a node as integers, and what it adds, float64."""
        quantum = self.quantum(node.name)
        offset = added(node)
        offset = None if offset is None else np.rint(offset / quantum)
        if self.only_adds(node):
            return np.ones((1, node.shape[-1])), offset
        form = self.format_of(node)
        found = columns(node, self.quantum(node.inputs[0])) / quantum
        return np.clip(np.rint(found), form.low, form.high), offset

    def rounded(self, node: Node, moments: np.ndarray | None = None) -> Node:
        """Return a node with weights on the grid.

        Args:
            node: a node with weights; others are returned as they are.
            moments: second moments of its inputs and a constant, in normal form, to
                choose the integers by; None to round to the nearest.
        """
        if not isinstance(node, WEIGHTED):
            return node
        quantum, before = self.quantum(node.name), self._before(node)
        if self.only_adds(node):
            offset = np.rint(added(node) / quantum) * quantum
            return node.replace(offset=offset.astype(np.float32))
        if moments is None or self.settings.weights.high >= FINE:
            found, offset = self.integers(node)
        else:
            found, offset = self._chosen(node, moments)
        offset = None if offset is None else offset * quantum
        return with_columns(node, found * quantum, before, offset)

    def all_rounded(self, graph: Graph) -> Graph:
        """Return a network with all weights rounded to the nearest."""
        nodes = tuple(self.rounded(node) for node in graph)
        return Graph(nodes, graph.outputs, graph.layers, graph.clock)

    def _chosen(
        self, node: Node, moments: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        quantum, before = self.quantum(node.name), self._before(node)
        weights = columns(node, before) / quantum
        rows = len(weights)
        inner = np.resize(np.broadcast_to(before, node.channels_in), rows)  # type: ignore[attr-defined]
        scale = np.append(1 / inner, 1.0)
        found, change = chosen_integers(
            weights, moments * scale * scale[:, None], self.format_of(node)
        )
        bias = added(node)
        bias = change if bias is None else bias / quantum + change
        return found, np.rint(bias)

    def shift(self, node: Spiking, shift: np.ndarray) -> np.ndarray:
        """Return a shift of the current of a population as a multiple of 1/n."""
        quantum = self.quantum(node.inputs[0])
        return (np.rint(shift / quantum) * quantum).astype(np.float32)

    def start(self, node: Spiking) -> Spiking:
        """Return a population with initial potentials that are multiples of 1/n."""
        quantum = self.quantum(node.inputs[0])
        start = np.rint(np.asarray(node.initial_potential, np.float64) / quantum)
        return node.replace(initial_potential=(start * quantum).astype(np.float32))

    def _before(self, node: Node) -> Any:
        return self.quantum(node.inputs[0])

    def _choose(self, quantum: Quantum) -> None:
        """Choose the quantum of a signal's group, after those that it depends on."""
        if quantum.group is None or quantum.group.root.quantum is not None:
            return
        group, graph = quantum.group.root, self.layout.graph
        if id(group) in self._choosing:
            self._refuse_loop(group)
        self._choosing.add(id(group))
        alone = self._alone(group)
        if alone is not None:
            group.quantum = alone
            return
        parts = []
        for name in dict.fromkeys(group.nodes):
            node = graph[name]
            if self.only_adds(node):
                continue
            self._choose(self.quanta[node.inputs[0]])
            parts.append((columns(node, self._before(node)), self.format_of(node)))
        per_layer = self.settings.scales == "layer"
        room = Room(self.settings.largest_potential, self._reach(group))
        group.quantum = chosen_quantum(group, parts, room, per_layer=per_layer)

    def _reach(self, group: Group) -> np.ndarray:
        """Return what currents of a group can add up to in all steps, by channel."""
        total = np.ones(group.channels)
        for name in dict.fromkeys(group.nodes):
            node = self.layout.graph[name]
            offset = added(node)
            if offset is not None:
                total = total + np.abs(offset).max()
            if not self.only_adds(node):
                size = np.abs(columns(node, np.ones(1))).sum(0)
                total = total + size * self._largest(node.inputs[0])
        return self.steps * total

    def _largest(self, name: str) -> float:
        """Return the largest value of a signal that weights read, in normal form."""
        node = self.layout.graph[name]
        if isinstance(node, Rounded):
            return node.step * max(-node.low, node.high)
        if isinstance(node, Spiking):
            return node.population.largest_spike
        if self.quanta[name].group is not None:
            return np.inf
        return max(map(self._largest, node.inputs), default=1.0)

    def _alone(self, group: Group) -> np.ndarray | None:
        """Return the quantum of a gain that only weights read: its integers are 1."""
        nodes = [self.layout.graph[name] for name in dict.fromkeys(group.nodes)]
        one = len(nodes) == 1 and not group.readers and not group.uniform
        if not (one and isinstance(nodes[0], Affine)):
            return None
        self._choose(self.quanta[nodes[0].inputs[0]])
        sizes = np.abs(columns(nodes[0], self._before(nodes[0])))
        if len(sizes) != 1 or not sizes.all():
            return None
        return sizes[0]

    def _refuse_loop(self, group: Group) -> None:
        node = self.layout.graph[group.nodes[-1]]
        raise UnsupportedError(
            [
                (
                    node.layer or node.name,
                    node.label,
                    "reads a sum of currents that its own current is added to, without "
                    "neurons between, so that their scales depend on each other: put a "
                    "ReLU between, or convert with -o precision float32",
                )
            ],
            "layer(s) cannot be computed in integers",
        )

    def _check(self, node: Linear) -> None:
        """Refuse a layer of which half vanishes; note the channels of others."""
        found, _ = self.integers(node)
        had = np.abs(columns(node, np.ones(1))).max(0) > 0
        lost = np.flatnonzero(had & ~found.any(0))
        if not len(lost):
            return
        name, total = node.layer or node.name, int(had.sum())
        shown = ", ".join(map(str, lost[:8])) + ", ..." * (len(lost) > 8)
        said = (
            f"{name}: as {self.settings.precision} the weights of {len(lost)} of "
            f"{total} channels are all zero ({shown})"
        )
        if len(lost) >= VANISHED * total:
            more = " (scales='channel')" * (self.settings.scales == "layer")
            more = ", or a scale for each channel" * bool(more) + more
            raise OptionError(
                f"{said}: take more bits{more}, or more potential_bits, which allow "
                "larger thresholds"
            )
        self.notes.append(said)
