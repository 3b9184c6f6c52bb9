"""Corrections that need simulation: the spiking network is mended layer by layer.

In the order of the network, on a batch of calibration samples, with the layers before
mended already:

* weights: a layer's weights and biases are fitted so that the mean currents that its
  spiking inputs cause come near those of the ANN
  (:mod:`tfsnn.conversion.correct.weights`);
* bias: of each channel, the mean difference of the activation in the ANN from what the
  spikes stand for is added to the current (Li et al., ICML 2021, arXiv 2106.06984,
  "light" calibration);
* potential: the mean difference that is left at each neuron, times the steps that are
  read (T less a delay), is added to its initial potential (the same, "advanced"
  calibration), shrunk to what the samples show to be more than noise.

No labels are needed, and no gradients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.conversion.correct.weights import fitted, moments_of
from tfsnn.conversion.integers.grid import Grid
from tfsnn.conversion.memory import fitting_samples, last_readers
from tfsnn.conversion.normalize import Normalized
from tfsnn.conversion.plan import Corrections
from tfsnn.data import Progress
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Linear, Spiking
from tfsnn.network.roles import constant_nodes
from tfsnn.network.signals import fold
from tfsnn.simulation.steps import Run

MARGIN = 0.1  # of the range of a population's spikes


def correct(
    ann: Graph,
    spiking: Normalized,
    x: Mapping[str, np.ndarray],
    timesteps: int,
    corrections: Corrections,
    progress: Progress | None = None,
) -> Graph:
    """Return the spiking graph, corrected for a number of steps.

    A network on a grid (:mod:`tfsnn.conversion.integers`) stays on it.

    Args:
        ann: the graph of the ANN that it was made from.
        spiking: the spiking network in normal form, with its units.
        x: samples by input, ``(N, *shape)``; as many are used as fit into memory.
        timesteps: T, the steps to correct for.
        corrections: what to correct.
        progress: wraps the nodes, for a progress bar.
    """
    if not corrections:
        graph, grid = spiking.graph, spiking.grid
        return graph if grid is None else grid.all_rounded(graph)
    samples = min(len(next(iter(x.values()))), corrections.samples)
    samples = fitting_samples(spiking.graph, ann, timesteps, samples)
    feed = {k: tf.constant(v[:samples], tf.float32) for k, v in x.items()}
    walk = _Walk(ann, spiking, feed, timesteps, corrections)
    nodes: Any = spiking.graph.nodes
    for node in progress(nodes, len(nodes), "correcting") if progress else nodes:
        walk.visit(node)
    return walk.corrected()


class _Walk:
    """Both networks, side by side, node by node, on all samples."""

    def __init__(
        self,
        ann: Graph,
        spiking: Normalized,
        feed: dict[str, Any],
        timesteps: int,
        corrections: Corrections,
    ) -> None:
        self.ann = {node.name: node for node in ann}
        self.graph, self.units, self.grid = spiking
        self.chosen, self.seed = corrections, corrections.seed
        if self.grid is not None:
            self.graph = self._constants_on_grid(self.grid, feed)
        self.run = Run.on(self.graph, feed, timesteps)
        self.steps = self.run.clock.pre_steps + timesteps
        clock = self.run.clock  # means are over the steps that a readout reads
        self.weight = clock.weight(timesteps - clock.start(timesteps))
        self.state = self.run.initial_state()
        self.values: dict[str, Any] = {}
        self.expected: dict[str, Any] = dict(feed)
        self.consumers = self.graph.consumers()
        self.last = last_readers(self.graph, ann)
        self.nodes: dict[str, Node] = {node.name: node for node in self.graph}
        self.shifts: dict[str, Affine] = {}

    def visit(self, node: Node) -> None:
        """Correct a node, and go through it in both networks."""
        original = self.ann.get(node.name)
        if original is not None and node.inputs:
            reads = (self.expected[name] for name in original.inputs)
            self.expected[node.name] = original.apply(*reads)
        if isinstance(node, Spiking) and not node.population.encodes_input:
            self._rate(node)
        elif node.name not in (*self.graph.outputs, *self.run.constants):
            if isinstance(node, Linear):
                node = self._fit(node) if self.chosen.weights else node
                node = self.nodes[node.name] = self._on_grid(node)
            self.run.advance_node(node, self.values, self.state, self.steps)
        for name in self.last.get(node.name, ()):
            self.values.pop(name, None)
            self.expected.pop(name, None)

    def _mean(self, name: str) -> Any:
        """Return what a signal of the spiking network stands for, ``(N, *shape)``."""
        if name in self.run.constants:
            return self.run.constants[name]
        if name not in self.values:  # a gain that was put in (_known)
            node = self.nodes[name]
            return node.apply(self._mean(node.inputs[0]))
        return self.run.clock.mean(self.run.steps(name, self.values, self.steps))

    def _known(self, name: str) -> bool:
        """Return whether a mean is known, also through a gain that was put in."""
        if name in self.values or name in self.run.constants:
            return True
        put_in = name not in self.ann  # a gain
        return put_in and self._known(self.nodes[name].inputs[0])

    def _fit(self, node: Linear) -> Linear:
        """Return the linear node with weights fitted to its spiking inputs."""
        x = self._mean(node.inputs[0])
        current = node.apply(x)
        wanted, reader = self.expected[node.name], node.name
        summed = self._sum_completed_by(node)
        if summed is not None:
            # The last summand to be known makes good the errors of the others too.
            others = [name for name in summed.inputs if name != node.name]
            current += sum(map(self._mean, others))
            summands = self.ann[summed.name].inputs
            wanted, reader = sum(self.expected[n] for n in summands), summed.name
        error = self._visible(reader, wanted / self._unit(reader), current)
        return fitted(node, x, error, seed=self.seed)

    def _on_grid(self, node: Linear) -> Linear:
        """Return the node with integers chosen against what it reads, if it has to."""
        if self.grid is None:
            return node
        moments = moments_of(node, self._mean(node.inputs[0]), seed=self.seed)
        return self.grid.rounded(node, moments)

    def _constants_on_grid(self, grid: Grid, feed: dict[str, Any]) -> Graph:
        """Return the graph with integers where inputs are read as they are."""
        values, nodes = self.graph.feed(feed), []
        constant = constant_nodes(self.graph)
        for node in self.graph:
            if node.name in constant and node.name not in values:
                if isinstance(node, Linear):
                    moments = moments_of(node, values[node.inputs[0]], seed=self.seed)
                    node = grid.rounded(node, moments)
                values[node.name] = node.apply(*(values[n] for n in node.inputs))
            nodes.append(node)
        graph = self.graph
        return Graph(tuple(nodes), graph.outputs, graph.layers, graph.clock)

    def _sum_completed_by(self, node: Linear) -> Node | None:
        """Return the sum that alone reads the node, its last summand to be known."""
        readers = self.consumers[node.name]
        if len(readers) != 1 or not readers[0].is_sum:
            return None
        others = [name for name in readers[0].inputs if name != node.name]
        known = all(map(self._known, others))
        known &= self.expected.keys() >= set(self.ann[readers[0].name].inputs)
        alike = all(self.graph[name].shape == node.shape for name in others)
        single = len(others) == len(readers[0].inputs) - 1
        return readers[0] if known and alike and single else None

    def _visible(self, name: str, wanted: Any, current: Any) -> Any:
        """Return what a current lacks, as far as the neurons that read it show it.

        Below zero and above the range of their spikes, all currents are alike to them,
        but for a margin, because currents fluctuate.
        """
        readers = self.consumers[name]
        if not readers or not all(reader.spikes for reader in readers):
            return wanted - current
        bounds = [reader.max_coefficient for reader in readers]  # type: ignore[attr-defined]
        top = np.inf if None in bounds else float(max(map(np.max, bounds)))
        margin = MARGIN * top if np.isfinite(top) else MARGIN
        low = tf.where(wanted > 0, tf.minimum(wanted, top + margin), -np.inf)
        high = tf.where(wanted < top, tf.maximum(wanted, -margin), np.inf)
        return tf.clip_by_value(current, low, high) - current

    def _unit(self, name: str) -> Any:
        return tf.constant(self.units[name], tf.float32)

    def _rate(self, node: Spiking) -> None:
        """Correct the currents and the initial potentials of a population."""
        currents = self.run.steps(node.inputs[0], self.values, self.steps)
        wanted = self.expected[node.name] / self._unit(node.name)
        values = self._sent(node, currents)
        if self.chosen.bias:
            error = wanted - self.run.clock.mean(values)
            shift = tf.reduce_mean(error, range(len(error.shape) - 1)).numpy()
            if self.grid is not None:
                node, shift = self._shift_on_grid(self.grid, node, shift)
            self._shift_current(node, shift)
            currents = [current + shift for current in currents]
            values = self._sent(node, currents)
        if self.chosen.potential:
            error = (wanted - self.run.clock.mean(values)).numpy()
            start = np.asarray(node.initial_potential, np.float32)
            node = node.replace(initial_potential=start + self.weight * _shrunk(error))
            if self.grid is not None:
                node = self.grid.start(node)
            self.nodes[node.name] = node
            values = self._sent(node, currents)
        self.values[node.name] = fold(values)

    def _shift_on_grid(
        self, grid: Grid, node: Spiking, shift: np.ndarray
    ) -> tuple[Spiking, np.ndarray]:
        """Shift a current by integers, and the initial potential by what is left."""
        whole = grid.shift(node, shift)
        start = np.asarray(node.initial_potential, np.float32)
        left = self.weight * (shift - whole)
        node = grid.start(node.replace(initial_potential=start + left))
        self.nodes[node.name] = node
        return node, whole

    def _sent(self, node: Spiking, currents: list[Any]) -> list[Any]:
        """Return what a population sends in each step."""
        neurons = node.population
        state = neurons.initial_state((self.run.batch, *node.shape))
        return neurons.advance(currents, state)[0].values

    def _shift_current(self, node: Spiking, shift: np.ndarray) -> None:
        """Add a current to each channel of a population, in the corrected graph."""
        moved = self._carrying(node.inputs[0], shift)
        if moved is not None:
            self.nodes[moved.name] = moved
        else:
            before = self.graph[node.inputs[0]]
            self.shifts[node.name] = Affine(
                f"{node.name}_shift",
                node.inputs,
                before.shape,
                gain=np.ones(node.shape[-1], np.float32),
                offset=shift.astype(np.float32),
                layer=node.layer,
            )
            if self.grid is not None:
                self.grid.joins(self.shifts[node.name])

    def _carrying(self, name: str, shift: np.ndarray) -> Node | None:
        """Return a node before, which only this one reads, with the current added."""
        node = self.nodes[name]
        if len(self.consumers[name]) != 1:
            return None
        if (moved := node.shifted(shift)) is not None:
            return moved
        shapes = [self.graph[read].shape for read in node.inputs]
        for number in node.passes_shift(shapes):
            moved = self._carrying(node.inputs[number], shift)
            if moved is not None:
                return moved
        return None

    def corrected(self) -> Graph:
        """Return the graph with its corrected nodes."""
        nodes: list[Node] = []
        for name, node in self.nodes.items():
            if shift := self.shifts.get(name):
                nodes.append(shift)
                node = node.replace(inputs=(shift.name,))
            nodes.append(node)
        return replace(self.graph, nodes=tuple(nodes))


def _shrunk(error: np.ndarray) -> np.ndarray:
    """Return the mean over samples, ``(N, *units)`` to ``(*units)``, less its noise.

    Each channel's means are drawn to zero by the share of their mean square that
    sampling alone explains (James and Stein).
    """
    mean = error.mean(0)
    noise = error.var(0) / max(len(error) - 1, 1)
    axes = tuple(range(mean.ndim - 1))
    square = np.maximum((mean**2).mean(axes), 1e-30)
    kept = np.clip(1 - noise.mean(axes) / square, 0.0, 1.0)
    return (mean * kept).astype(np.float32)
