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

The last two are for neurons that rectify; what those of smooth activations lack is left
to the weights behind them. No labels are needed, and no gradients.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.conversion.correct.means import Rows, channel_mean, shrunk
from tfsnn.conversion.correct.visible import visible
from tfsnn.conversion.correct.weights import fitted, moments_of
from tfsnn.conversion.integers.grid import Grid
from tfsnn.conversion.layerwise import Layerwise
from tfsnn.conversion.memory import fitting_samples
from tfsnn.conversion.normalize import Normalized
from tfsnn.conversion.plan import Corrections
from tfsnn.data import Progress
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Linear, Spiking
from tfsnn.network.signals import fold


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
    steps = spiking.graph.clock.pre_steps + timesteps
    samples = fitting_samples(spiking.graph, ann, steps, samples)
    feed = {name: values[:samples] for name, values in x.items()}
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
        self.graph, self.units, self.grid = spiking
        self.chosen, self.seed = corrections, corrections.seed
        self.clock = self.graph.clock  # means are over the steps that a readout reads
        self.weight = self.clock.weight(timesteps - self.clock.start(timesteps))
        self.ann = Layerwise.of_ann(ann, feed)
        self.spiking = Layerwise(self.graph, feed, self.clock.pre_steps + timesteps)
        self.visited: set[str] = set(self.spiking.constant)
        self.consumers = self.graph.consumers()
        self.nodes: dict[str, Node] = {node.name: node for node in self.graph}
        self.shifts: dict[str, Affine] = {}
        if self.grid is not None:
            self._constants_on_grid(self.grid)

    def visit(self, node: Node) -> None:
        """Correct a node, and go through it in both networks."""
        name = node.name
        if name in self.ann.nodes:
            self.ann.advance(name)
        if isinstance(node, Spiking) and not node.population.encodes_input:
            self._rate(node)
        elif name not in (*self.graph.outputs, *self.spiking.constant):
            if isinstance(node, Linear):
                node = self._fit(node) if self.chosen.weights else node
                self.nodes[name] = self.spiking.nodes[name] = self._on_grid(node)
            self.spiking.advance(name)
        self.visited.add(name)
        self.ann.forget(name)
        self.spiking.forget(name)

    def _mean(self, name: str, rows: slice) -> Any:
        """Return what a signal of the spiking network stands for, ``(n, *shape)``."""
        if name in self.visited:
            return self.spiking.mean(name, rows)
        node = self.nodes[name]  # a gain that was put in (_known)
        return node.apply(self._mean(node.inputs[0], rows))

    def _known(self, name: str) -> bool:
        """Return whether a mean is known, also through a gain that was put in."""
        put_in = name not in self.ann.nodes  # a gain
        known = name in self.visited
        return known or (put_in and self._known(self.nodes[name].inputs[0]))

    def _wanted(self, name: str, rows: slice) -> Any:
        """Return the value of a node in the ANN, ``(n, *shape)``."""
        return self.ann.read(name, rows).tensor

    def _fit(self, node: Linear) -> Linear:
        """Return the linear node with weights fitted to its spiking inputs."""
        summed = self._sum_completed_by(node)

        def missing(rows: slice) -> Any:
            current = node.apply(x[rows])
            wanted, reader = self._wanted(node.name, rows), node.name
            if summed is not None:
                # The last summand to be known makes good the errors of the others too.
                others = [name for name in summed.inputs if name != node.name]
                current += sum(self._mean(name, rows) for name in others)
                summands = self.ann.graph[summed.name].inputs
                wanted = sum(self._wanted(name, rows) for name in summands)
                reader = summed.name
            readers = self.consumers[reader]
            return visible(readers, wanted / self._unit(reader), current)

        x = self._read_by(node)
        error = Rows(self.spiking.samples, missing)
        return fitted(node, x, error, seed=self.seed)

    def _read_by(self, node: Node) -> Rows:
        """Return the mean inputs of a node, ``(N, *shape)``."""
        mean = functools.partial(self._mean, node.inputs[0])
        return Rows(self.spiking.samples, mean)

    def _on_grid(self, node: Linear) -> Linear:
        """Return the node with integers chosen against what it reads, if it has to."""
        if self.grid is None:
            return node
        moments = moments_of(node, self._read_by(node), seed=self.seed)
        return self.grid.rounded(node, moments)

    def _constants_on_grid(self, grid: Grid) -> None:
        """Put nodes on the grid where inputs are read as they are."""
        for node in self.graph:
            if node.name in self.spiking.constant and isinstance(node, Linear):
                moments = moments_of(node, self._read_by(node), seed=self.seed)
                node = grid.rounded(node, moments)
                self.nodes[node.name] = self.spiking.nodes[node.name] = node

    def _sum_completed_by(self, node: Linear) -> Node | None:
        """Return the sum that alone reads the node, its last summand to be known."""
        readers = self.consumers[node.name]
        if len(readers) != 1 or not readers[0].is_sum:
            return None
        others = [name for name in readers[0].inputs if name != node.name]
        known = all(map(self._known, others))
        summands = self.ann.graph[readers[0].name].inputs
        known &= all(name in {node.name, *self.visited} for name in summands)
        alike = all(self.graph[name].shape == node.shape for name in others)
        single = len(others) == len(readers[0].inputs) - 1
        return readers[0] if known and alike and single else None

    def _unit(self, name: str) -> Any:
        return tf.constant(self.units[name], tf.float32)

    def _rate(self, node: Spiking) -> None:
        """Correct the currents and the initial potentials of a population."""
        currents = self.spiking.currents(node.name)
        shift: Any = None
        if self.chosen.bias and node.rectifies:
            shift = channel_mean(self._errors(node, currents, shift))
            if self.grid is not None:
                node, shift = self._shift_on_grid(self.grid, node, shift)
            self._shift_current(node, shift)
        if self.chosen.potential and node.rectifies:
            errors = self._errors(node, currents, shift)
            start = np.asarray(node.initial_potential, np.float32)
            moved = start + self.weight * shrunk(errors)
            node = node.replace(initial_potential=moved)
            if self.grid is not None:
                node = self.grid.start(node)
            self.nodes[node.name] = node
        for rows, values in self._sent(node, currents, shift):
            self.spiking.hold(node.name, rows, fold(values))

    def _errors(self, node: Spiking, currents: Any, shift: Any) -> Iterator[Any]:
        """Return what is missing from the means of what a population sends."""
        unit = self._unit(node.name)
        for rows, values in self._sent(node, currents, shift):
            yield self._wanted(node.name, rows) / unit - self.clock.mean(values)

    def _sent(
        self, node: Spiking, currents: Any, shift: Any
    ) -> Iterator[tuple[slice, list[Any]]]:
        """Return what a population sends in each step, for some samples at a time."""
        neurons = node.without_gradients().population
        for rows, steps in currents():
            if shift is not None:
                steps = [current + shift for current in steps]
            state = neurons.initial_state((rows.stop - rows.start, *node.shape))
            yield rows, neurons.advance(steps, state)[0].values

    def _shift_on_grid(
        self, grid: Grid, node: Spiking, shift: np.ndarray
    ) -> tuple[Spiking, np.ndarray]:
        """Shift a current by integers, and the initial potential by what is left."""
        whole = grid.shift(node, shift)
        if not grid.settings.initial_potentials:
            return node, whole
        start = np.asarray(node.initial_potential, np.float32)
        left = self.weight * (shift - whole)
        node = grid.start(node.replace(initial_potential=start + left))
        self.nodes[node.name] = node
        return node, whole

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
