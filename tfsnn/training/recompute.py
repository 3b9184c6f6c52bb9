"""Backpropagation through time that keeps a few bits for each spike.

Plain backpropagation keeps every potential and every spike of all T steps as floats
until the backward pass has come to them. What they are follows from the weights and
from the spikes that a layer reads, and spikes are small integers. So of each segment
of the network (:mod:`tfsnn.training.segments`) only what it sends is kept, packed
(:mod:`tfsnn.training.packing`): one bit for a binary spike. The backward pass goes
through the segments in reverse; each is computed once more from the unpacked spikes,
under a tape of its own, and differentiated. All numbers are the same as before, so the
gradients are those of plain backpropagation, bit for bit where sums are not ordered
anew (as TensorFlow's optimiser of compiled programs does with three or more); a
training step computes T steps more.

Two things make it save memory:

* TensorFlow runs an operation as soon as its inputs are there. A segment therefore
  waits, by a control dependency, until every gradient of the segment behind it is
  done, those of the weights too; else several are in memory at the same time.
* No loop over time is differentiated: that of TensorFlow keeps three times the floats
  of steps that are written out.

As in SpikingJelly's memory optimisation ("lossless memory-efficient" training of
spiking networks, ICLR 2026), which keeps bits per layer. It departs from that in graphs
with several inputs per segment, and in spikes of more than one bit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.network.fields import is_trained
from tfsnn.network.signals import Signal
from tfsnn.simulation.readout import mean, outputs_over_time
from tfsnn.simulation.steps import MEANS, OUTPUTS, Run, average_of
from tfsnn.training.packing import Packing, packings
from tfsnn.training.segments import Segment, segments

Values = dict[str, Any]


def all_at_once(run: Run) -> Values:
    """Advance all nodes by all steps, for a tape outside.

    Returns:
        The results of :func:`advance`.
    """
    names = [node.name for node in run.graph if node.name not in run.constants]
    return advance(run, names, {})[1]


def segment_by_segment(run: Run) -> Values:
    """Advance all nodes by all steps; the backward pass computes them once more.

    Returns:
        The results of :func:`advance`.
    """
    plan = segments(run.graph, run.constants)
    read = {name for part in plan for name in part.reads}
    sources = {name: run.constants[name] for name in read & run.constants.keys()}
    arrays = {
        _key(node.name, name): tf.convert_to_tensor(value)
        for node in run.graph
        if node.name not in run.constants
        for name, value in node.arrays().items()
        if is_trained(node, name)
    }
    walk = _Walk(run, plan, packings(run.graph), frozenset(sources))
    keys: list[str] = []

    @tf.custom_gradient
    def simulated(*given: Any) -> tuple[Any, Any]:
        inputs = dict(zip([*sources, *arrays], given, strict=True))
        kept, results = walk.forward(inputs)
        keys[:] = results

        def gradient(*upstream: Any) -> list[Any]:
            wanted = dict(zip(keys, upstream, strict=True))
            found = walk.backward(inputs, kept, wanted)
            return [found.get(name) for name in inputs]

        return tuple(results.values()), gradient

    values = simulated(*sources.values(), *arrays.values())
    return dict(zip(keys, values, strict=True))


def advance(run: Run, names: Any, reads: Mapping[str, Any]) -> tuple[Values, Values]:
    """Advance some nodes by all steps of the simulation.

    Args:
        run: the graph at work; its constants include those that the nodes read.
        names: the nodes, in the order of the graph.
        reads: what they read besides, ``(S * B, *shape)`` by name.

    Returns:
        What the nodes send, and the results among them: outputs by name, ``(B,
        *shape)``; and where the run observes them ``means/NAME`` of populations, ``(B,
        *units)``, and ``outputs/NAME``, ``(T, B, *shape)``.
    """
    steps, state, seen = run.steps_in_all, run.initial_state(names), {}
    signals = run.signals(steps)
    signals |= {name: Signal(value, steps) for name, value in reads.items()}
    for name in names:
        seen.update(run.advance_node(run.graph[name], signals, state, steps))
    values = {
        name: signal.tensor
        for name, signal in signals.items()
        if name not in run.constants
    }
    results: Values = {}
    for name in names:
        node = run.graph[name]
        if name in run.graph.outputs:
            results[name] = node.apply(mean(run.clock, run.timesteps, state[name]))
            key = f"{OUTPUTS}/{name}"
            if key in seen:
                results[key] = outputs_over_time(
                    run.clock, run.timesteps, node, seen[key]
                )
        elif average_of(name) in state:
            average = mean(run.clock, run.timesteps, state[average_of(name)])
            results[f"{MEANS}/{name}"] = average
    return values, results


class _Kept(NamedTuple):
    """A value kept for the backward pass, packed where its node has a packing."""

    tensor: Any
    shape: Any
    packing: Packing | None

    @classmethod
    def of(cls, value: Any, packing: Packing | None) -> _Kept:
        shape = tf.shape(value) if None in value.shape else value.shape
        return cls(packing.pack(value) if packing else value, shape, packing)

    def value(self, tensor: Any) -> Any:
        return self.packing.unpack(tensor, self.shape) if self.packing else tensor


@dataclasses.dataclass(frozen=True, eq=False)
class _Walk:
    """The way through the segments of a run, forward and back.

    Attributes:
        run: the graph at work.
        plan: its segments, in order.
        packings: how the values of nodes are packed, by name.
        constants: the names of the constant nodes that segments read.
    """

    run: Run
    plan: list[Segment]
    packings: Mapping[str, Packing]
    constants: frozenset[str]

    def forward(self, inputs: Values) -> tuple[dict[str, _Kept], Values]:
        """Go through the segments; return what is kept of them, and the results."""
        kept = {name: _Kept.of(inputs[name], None) for name in self.constants}
        results: Values = {}
        for part in self.plan:
            reads = {name: kept[name].value(kept[name].tensor) for name in part.reads}
            values, found = self._advance(part, reads, inputs)
            results |= found
            for name in part.sends:
                kept[name] = _Kept.of(values[name], self.packings.get(name))
        return kept, results

    def backward(
        self, inputs: Values, kept: Mapping[str, _Kept], upstream: Mapping[str, Any]
    ) -> Values:
        """Return the gradients of constants and trained arrays, by name."""
        flows: dict[str, Any] = {k: v for k, v in upstream.items() if v is not None}
        before: list[Any] = list(flows.values())
        for part in reversed(self.plan):
            with tf.control_dependencies(before if not tf.executing_eagerly() else []):
                tensors = {n: tf.identity(kept[n].tensor) for n in part.reads}
            reads = {name: kept[name].value(x) for name, x in tensors.items()}
            own = {
                key: inputs[key]
                for name in part.nodes
                for field in self.run.graph[name].arrays()
                if (key := _key(name, field)) in inputs
            }
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([reads, own])
                values, results = self._advance(part, reads, {**inputs, **own})
            made = {**values, **results}
            targets = [name for name in (*part.sends, *results) if name in flows]
            found = tape.gradient(
                [made[name] for name in targets],
                {**reads, **own},
                output_gradients=[flows.pop(name) for name in targets],
            )
            before = [x for x in found.values() if x is not None] or before
            for name, x in found.items():
                if x is not None:
                    flows[name] = flows[name] + x if name in flows else x
        return flows

    def _advance(
        self, part: Segment, reads: Values, inputs: Values
    ) -> tuple[Values, Values]:
        graph = self.run.graph.map_arrays(
            lambda node, name, value: inputs.get(_key(node.name, name), value)
        )
        constants = {n: reads[n] for n in part.reads if n in self.constants}
        run = dataclasses.replace(
            self.run, graph=graph, constants={**self.run.constants, **constants}
        )
        changing = {n: x for n, x in reads.items() if n not in constants}
        return advance(run, part.nodes, changing)


def _key(node: str, field: str) -> str:
    """Return the name of a node's array; no node is called like that."""
    return f"/{field}/{node}"
