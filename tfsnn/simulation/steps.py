"""A spiking graph at work on one batch: its state, and how its nodes are advanced.

Each node advances itself (:meth:`tfsnn.network.node.Node.advance`).
Tensors are ``(K * B, *shape)``, time first, for the K steps of a chunk; observations
``(S, B, ...)``, where the S steps are the pre-steps of the network's clock and then the
T that count; outputs are observed after each of the T.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import tensorflow as tf

from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.roles import constant_nodes
from tfsnn.network.signals import Advanced, Signal, fold
from tfsnn.simulation.counted import count, counted_columns, ones, sends_units
from tfsnn.simulation.readout import ReadoutState, read
from tfsnn.simulation.whole_values import by_value, in_steps, whole

OUTPUTS, SPIKES, POTENTIALS, COUNTS = "outputs", "spikes", "potentials", "counts"
VALUES, MEANS = "values", "means"

# What advances the nodes of a kind, with the arguments of Node.advance behind the node.
Lowering = Callable[[Any, Sequence[Signal], Any, Clock], Advanced]


def average_of(name: str) -> str:
    """Return the key of a node's average in the state; no node is called like that."""
    return f"/{MEANS}/{name}"


def observed_shapes(
    graph: Graph, observe: Collection[str], fan_outs: Mapping[str, Any]
) -> dict[str, tuple[int, ...]]:
    """Return the shapes observed per step and sample; outputs before their head.

    Averages are no observations over time: they are in the state.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for node in graph:
        if node.name in graph.outputs and OUTPUTS in observe:
            shapes[f"{OUTPUTS}/{node.name}"] = graph[node.inputs[0]].shape
        if node.spikes:
            for kind in sorted({SPIKES, POTENTIALS, VALUES} & set(observe)):
                shapes[f"{kind}/{node.name}"] = node.shape
        if COUNTS in observe and node.name in fan_outs:
            shapes[f"{COUNTS}/{node.name}"] = (counted_columns(fan_outs[node.name]),)
    return shapes


@dataclass(frozen=True, eq=False)
class Run:
    """A graph at work on one batch.

    Attributes:
        graph: the graph, in normal form (or unscaled).
        timesteps: T, the steps that count.
        constants: the nodes that do not change over time, ``(B, *shape)``.
        batch: B, the number of samples.
        static_batch: B if it is known while tracing, else None.
        observe: the kinds of observations (:func:`observed_shapes`).
        fan_outs: synapses that each unit's spikes reach, for the counts, ``(units,)``;
            or ``(units, n)`` with other weights of a spike behind them.
        lowered: what advances nodes of these kinds in place of their own method, in a
            program that another engine compiles, whose loop is written out; None in
            TensorFlow.
    """

    graph: Graph
    timesteps: int
    constants: Mapping[str, Any]
    batch: Any
    static_batch: int | None
    observe: frozenset[str] = frozenset()
    fan_outs: Mapping[str, Any] = field(default_factory=dict)
    lowered: Mapping[type[Node], Lowering] | None = None

    @classmethod
    def on(
        cls,
        graph: Graph,
        x: Any,
        timesteps: int,
        observe: frozenset[str] = frozenset(),
        fan_outs: Mapping[str, Any] | None = None,
        lowered: Mapping[type[Node], Lowering] | None = None,
    ) -> Self:
        """Return the run of a graph on samples ``(B, *input shape)``.

        The arguments are those of :func:`tfsnn.simulation.simulate.simulate`.
        """
        constants: dict[str, Any] = graph.feed(x)
        first = next(iter(constants.values()))
        constant = constant_nodes(graph)
        for node in graph:
            if node.name in constant and node.name not in constants:
                reads = (constants[name] for name in node.inputs)
                constants[node.name] = node.apply(*reads)
        batch, static = tf.shape(first)[0], first.shape[0]
        return cls(
            graph,
            timesteps,
            constants,
            batch,
            static,
            observe,
            {name: _as_float(counts) for name, counts in (fan_outs or {}).items()},
            lowered,
        )

    def for_samples(self, index: Any, constants: Mapping[str, Any]) -> Run:
        """Return the run of some samples of this batch.

        Args:
            index: their places in the batch, ``(B,)`` with another B.
            constants: the constant nodes read over time, for these samples.
        """
        return replace(
            self,
            constants={**self.constants, **constants},
            batch=tf.shape(index)[0],
            static_batch=index.shape[0],
        )

    @property
    def clock(self) -> Clock:
        """The clock of the graph: how the steps count."""
        return self.graph.clock

    @property
    def steps_in_all(self) -> int:
        """The number of all steps, pre-steps included."""
        return self.clock.pre_steps + self.timesteps

    @property
    def averaged(self) -> list[Node]:
        """The populations whose values are averaged over time."""
        if MEANS not in self.observe:
            return []
        return [n for n in self.graph if n.spikes and n.name not in self.constants]

    def initial_state(self, names: Collection[str] | None = None) -> dict[str, Any]:
        """Return the state of each node that has one, or of those named, by name."""
        state: dict[str, Any] = {}
        for node in self.graph:
            if names is not None and node.name not in names:
                continue
            if node.name in self.graph.outputs:
                zeros = tf.zeros((self.batch, *self.graph[node.inputs[0]].shape))
                state[node.name] = ReadoutState(tf.constant(0), zeros, zeros)
            elif node.name not in self.constants:
                shapes = [
                    None if name in self.constants else self.graph[name].shape
                    for name in node.inputs
                ]
                if (first := node.initial_state(self.batch, shapes)) is not None:
                    state[node.name] = first
        for node in self.averaged:
            if names is not None and node.name not in names:
                continue
            zeros = tf.zeros((self.batch, *node.shape))
            skipped = zeros if self.clock.skipped(self.timesteps) else tf.constant(0.0)
            state[average_of(node.name)] = ReadoutState(tf.constant(0), zeros, skipped)
        return state

    def loop(
        self, state: dict[str, Any], chunks: int, chunk: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Advance `chunks` times `chunk` steps."""
        if self.lowered is not None:
            return self._written_out(state, chunks, chunk)
        if chunks == 1:  # a loop takes a third of the time that a program is traced in
            return self.advance(state, chunk)
        shapes = observed_shapes(self.graph, self.observe, self.fan_outs)
        seen = {key: (chunk, self.static_batch, *s) for key, s in shapes.items()}
        arrays = {
            key: tf.TensorArray(tf.float32, chunks, element_shape=shape)
            for key, shape in seen.items()
        }

        def body(t: Any, state: Any, arrays: Any) -> tuple[Any, Any, Any]:
            state, seen = self.advance(state, chunk)
            written = {key: array.write(t, seen[key]) for key, array in arrays.items()}
            return t + 1, state, written

        _, state, arrays = tf.while_loop(
            lambda t, *_: t < chunks,
            body,
            (0, state, arrays),
            maximum_iterations=chunks,
            parallel_iterations=1,  # more would keep their values at the same time
        )
        observed = {}
        for key, shape in seen.items():
            stacked = arrays[key].stack()  # (chunks, chunk, B, ...)
            rest = tf.shape(stacked)[2:]
            observed[key] = tf.reshape(stacked, tf.concat([[-1], rest], 0))
            observed[key].set_shape((chunks * chunk, *shape[1:]))
        return state, observed

    def _written_out(
        self, state: dict[str, Any], chunks: int, chunk: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Advance as :meth:`loop` does, without a loop in the program."""
        pieces = []
        for _ in range(chunks):
            state, seen = self.advance(state, chunk)
            pieces.append(seen)
        return state, {key: fold([seen[key] for seen in pieces]) for key in pieces[0]}

    def advance(
        self, state: dict[str, Any], k: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Advance every node by k steps, one node after the other."""
        signals = self.signals(k)
        state, seen = dict(state), {}
        means = self.signals(1) if by_value(self.graph) else None
        for node in self.graph:
            if node.name in self.constants:
                continue
            if means is None:
                seen.update(self.advance_node(node, signals, state, k))
            elif node.name in self._in_steps:
                seen.update(self.advance_node(node, signals, state, k))
                if node.name in signals:
                    means[node.name] = whole(signals[node.name], self.clock)
            else:
                reads = [means[name] for name in node.inputs]
                mean = self._advanced(node, reads, state).value
                means[node.name] = Signal(mean, 1)
                signals[node.name] = Signal(mean, k, constant=True)
        return state, seen

    @functools.cached_property
    def _in_steps(self) -> frozenset[str]:
        return in_steps(self.graph)

    def signals(self, k: int) -> dict[str, Signal]:
        """Return the constant nodes as signals of k steps, by name."""
        return {
            name: Signal(value, k, constant=True)
            for name, value in self.constants.items()
        }

    def _advanced(
        self, node: Node, reads: Sequence[Signal], state: Mapping[str, Any]
    ) -> Advanced:
        advance = (self.lowered or {}).get(type(node), type(node).advance)
        return advance(node, reads, state.get(node.name), self.clock)

    def advance_node(
        self, node: Node, signals: dict[str, Signal], state: dict[str, Any], k: int
    ) -> dict[str, Any]:
        """Advance one node by k steps, store value and state, and observe."""
        if node.name in self.graph.outputs:
            return self._advance_readout(node, signals, state)
        seen = {}
        reads = [signals[name] for name in node.inputs]
        value, after, sent = self._advanced(node, reads, state)
        signals[node.name] = Signal(value, k)
        if after is not None:
            state[node.name] = after
        if sent is not None:
            if self.clock.by_time:
                sent = sent._replace(events=list(map(ones, sent.events)))
            recorded = {
                SPIKES: sent.events,
                POTENTIALS: sent.potentials,
                VALUES: sent.values,
            }
            for kind in recorded.keys() & self.observe:
                seen[f"{kind}/{node.name}"] = tf.stack(recorded[kind])
            if MEANS in self.observe:
                key = average_of(node.name)
                for sent_now in sent.values:
                    now = read(self.clock, self.timesteps, sent_now, state[key])
                    state[key] = now
        if COUNTS in self.observe and node.name in self.fan_outs:
            spikes = value if sent is None else fold(sent.events)
            spikes = ones(spikes) if self.clock.by_time else spikes
            unit = sends_units(node, self.clock)
            counted = count(spikes, self.fan_outs[node.name], unit)
            shape = (k, self.batch, counted.shape[1])
            seen[f"{COUNTS}/{node.name}"] = tf.reshape(counted, shape)
        return seen

    def _advance_readout(
        self, node: Node, signals: Mapping[str, Signal], state: dict[str, Any]
    ) -> dict[str, Any]:
        sums = []
        for current in signals[node.inputs[0]].steps():
            before = state[node.name]
            state[node.name] = read(self.clock, self.timesteps, current, before)
            sums.append(state[node.name].total)
        observed = OUTPUTS in self.observe
        return {f"{OUTPUTS}/{node.name}": tf.stack(sums)} if observed else {}


def _as_float(counts: Any) -> Any:
    """Return counts as float32, without a constant of other type in the program."""
    return counts if tf.is_tensor(counts) else np.asarray(counts, np.float32)
