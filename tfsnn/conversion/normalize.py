"""Normalisation: a plan is written into the weights, and nowhere else.

After it every threshold is 1, every spike an integer, and every scale sits in a
synapse: W' = W * unit_in / unit_out and b' = b / unit_out per channel, where a signal's
*unit* is the activation, in the ANN's units, that the value 1 of it stands for. A
neuron's spikes have the unit of its scale; a current into a neuron is brought to that
neuron's unit; a readout gets unit 1. Where no weights lie between two units that differ
(an identity skip), a gain per channel is put in.

Around neurons that compute the ANN's own activation (an exact plan) no weight is
changed: a gain brings their spikes to the ANN's units, in which they read as well. So
every sum is one of the very numbers that the ANN adds up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from tfsnn.conversion.plan import NeuronPlan, Plan
from tfsnn.errors import CalibrationError
from tfsnn.network.clock import RATE_CLOCK, Clock
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Affine, Linear, Spiking
from tfsnn.network.units import ONE

# Weights whose largest is below this lose their digits: float32 ends at 1.2e-38.
SMALLEST = 1e-33
NORMAL = float(np.finfo(np.float32).tiny)


def unscaled(graph: Graph, plan: Mapping[str, NeuronPlan]) -> Graph:
    """Make the same spiking network with the weights untouched.

    Its thresholds are the scales and its spikes have that size.
    """
    nodes: list[Node] = []
    for node in graph:
        if node.spikes:
            neurons = plan[node.name]
            scale, low = _float(neurons.scale), neurons.negative_threshold
            node = _population(node, neurons).replace(
                threshold=scale,
                initial_potential=scale * _float(neurons.initial_potential),
                negative_threshold=scale * _float(low) if low else low,
            )
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes), clock=_clock(plan))


class Normalized(NamedTuple):
    """A spiking network in normal form, and the unit of each of its nodes.

    Attributes:
        graph: the network.
        units: the units, by node.
        grid: the integers that its weights are to be, of
            :mod:`tfsnn.conversion.integers`; None for any numbers.
    """

    graph: Graph
    units: dict[str, np.ndarray]
    grid: Any = None


def normalize(graph: Graph, plan: Mapping[str, NeuronPlan]) -> Graph:
    """Make the spiking network in normal form.

    Args:
        graph: the ANN.
        plan: the neurons of every rate node, by name.

    Raises:
        CalibrationError: if float32 does not hold the weights.
    """
    return normalize_with_units(graph, plan).graph


def normalize_with_units(graph: Graph, plan: Mapping[str, NeuronPlan]) -> Normalized:
    """Make the spiking network in normal form, and return the unit of each node.

    Raises:
        CalibrationError: if float32 does not hold the weights.
    """
    normalization = _Normalization(graph, plan)
    with np.errstate(over="ignore"):  # what becomes infinite is refused
        return Normalized(normalization.graph(), normalization.units)


def _check(before: Node, written: Node) -> None:
    """Refuse weights that became infinite, or too small to have digits."""
    for name, values in written.arrays().items():
        found = np.abs(values) if isinstance(values, np.ndarray) else np.zeros(1)
        was = _largest(before.arrays().get(name, getattr(before, name, 0.0)))
        largest = float(found.max(initial=0))
        vanishes = largest < SMALLEST and was >= NORMAL and isinstance(written, Linear)
        # An offset may be too small to matter, not a kernel.
        if np.isfinite(largest) and not (vanishes and name == "kernel"):
            continue
        raise CalibrationError(
            f"{before.layer or before.name}: its {name}, at most {was:.3g}, would be "
            f"{largest:.3g} in units of spikes, and float32 ends at 3.4e+38 and "
            "1.2e-38: the activations here are too large or too small. Multiply the "
            "weights of one layer by a factor and those of the next by its inverse, "
            "so that activations come near 1"
        )


def _largest(values: Any) -> float:
    return float(np.max(np.abs(np.asarray(values, np.float64)), initial=0))


def _clock(plan: Mapping[str, NeuronPlan]) -> Clock:
    return plan.clock if isinstance(plan, Plan) else RATE_CLOCK


def _population(node: Node, plan: NeuronPlan) -> Spiking:
    """Return the population in place of an activation, its threshold 1."""
    return Spiking(
        node.name,
        node.inputs,
        node.shape,
        layer=node.layer,
        scale=_float(plan.scale),
        initial_potential=_field(plan.initial_potential),
        negative_threshold=plan.negative_threshold,
        max_coefficient=_field(plan.max_coefficient),
        neuron=plan.neuron,
        settings=plan.settings,
    )


def _field(value: Any) -> Any:
    return _float(value) if isinstance(value, np.ndarray) else value


def _float(values: Any) -> np.ndarray:
    return np.asarray(values, np.float32)


class _Normalization:
    def __init__(self, ann: Graph, plan: Mapping[str, NeuronPlan]) -> None:
        self.ann, self.plan = ann, plan
        self.wishes = self._wishes()
        self.units: dict[str, np.ndarray] = {}
        self.counts: set[str] = set()  # nodes that pass on spikes of an exact plan
        self.nodes: list[Node] = []

    def _wishes(self) -> dict[str, np.ndarray | None]:
        """Return the unit that all readers of a node want; None without a wish."""
        consumers = self.ann.consumers()
        wishes: dict[str, np.ndarray | None] = {}
        for node in reversed(self.ann.nodes):
            wanted = [self._wish(reader, wishes) for reader in consumers[node.name]]
            found = [wish for wish in wanted if wish is not None]
            agreed = found and all(np.array_equal(found[0], wish) for wish in found)
            wishes[node.name] = found[0] if agreed else None
        return wishes

    def _wish(
        self, reader: Node, wishes: dict[str, np.ndarray | None]
    ) -> np.ndarray | None:
        if reader.spikes and self.plan[reader.name].exact:
            return ONE
        if reader.spikes:
            scale = np.asarray(self.plan[reader.name].scale, np.float64)
            # Weights are shared by all places: a scale for each goes into a gain.
            return scale if scale.ndim <= 1 else None
        if reader.name in self.ann.outputs:
            return ONE
        return wishes[reader.name] if reader.keeps_channels else None

    def graph(self) -> Graph:
        for node in self.ann:
            written, unit = self._write(node)
            if not node.spikes:
                _check(node, written)
            self.nodes.append(written)
            self.units[node.name] = unit
        clock = _clock(self.plan)
        return replace(self.ann, nodes=tuple(self.nodes), clock=clock)

    def _write(self, node: Node) -> tuple[Node, np.ndarray]:
        """Return the node in normal form, and the unit of its output."""
        if node.spikes:
            plan = self.plan[node.name]
            unit = np.asarray(plan.scale, np.float64)
            if plan.exact:
                self.counts.add(node.name)
            reads = ONE if plan.exact else unit
            return self._reading(_population(node, plan), [reads]), unit
        wish = self.wishes[node.name]
        units = [self.units[name] for name in node.inputs]
        if self.counts & {*node.inputs}:
            if self._moves_counts(node):
                self.counts.add(node.name)
            else:
                pairs = zip(node.inputs, units, strict=True)
                units = [ONE if name in self.counts else u for name, u in pairs]
        shapes = [self.ann[name].shape for name in node.inputs]
        written = node.rescaled(units, shapes, ONE if wish is None else wish)
        return self._reading(written.node, written.reads), written.unit

    def _moves_counts(self, node: Node) -> bool:
        """Return whether each value that a node sends is one of the spikes it reads."""
        alike = node.linear or _clock(self.plan).base == 1
        return node.passes_on and node.integers and alike

    def _reading(self, node: Any, units: Sequence[np.ndarray]) -> Any:
        """Return the node reading inputs in these units: gains where they differ."""
        names = []
        for number, (name, unit) in enumerate(zip(node.inputs, units, strict=True)):
            here, wanted = np.broadcast_arrays(self.units[name], unit)
            if np.array_equal(here, wanted):
                names.append(name)
                continue
            gain = Affine(
                f"{node.name}_gain{number + 1}",
                (name,),
                self.ann[name].shape,
                gain=_float(self.units[name] / unit),
                layer=node.layer,
            )
            self.nodes.append(gain)
            self.units[gain.name] = unit
            names.append(gain.name)
        return node.replace(inputs=tuple(names))
