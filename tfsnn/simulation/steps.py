"""A spiking graph at work on one batch: its state, and how each node advances.

Tensors are ``(K * B, *shape)``, time first, for the K steps of a chunk; observations
``(S, B, ...)``, where the S steps are the pre-steps of the network's clock and then the
T that count; outputs are observed after each of the T.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import tensorflow as tf

from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph, Node
from tfsnn.network.neurons import Population
from tfsnn.network.nodes import Rate, Readout, RunningSum
from tfsnn.network.roles import constant_nodes
from tfsnn.simulation.readout import ReadoutState, read
from tfsnn.simulation.running_sum import SumState, fold, send_change, send_value

OUTPUTS, SPIKES, POTENTIALS, COUNTS = "outputs", "spikes", "potentials", "counts"
VALUES = "values"


def observed_shapes(
    graph: Graph, observe: Collection[str], fan_outs: Mapping[str, Any]
) -> dict[str, tuple[int, ...]]:
    """What is observed in a step of a sample, by ``kind/node``; outputs unread."""
    shapes: dict[str, tuple[int, ...]] = {}
    for node in graph:
        if isinstance(node, Readout) and OUTPUTS in observe:
            shapes[f"{OUTPUTS}/{node.name}"] = graph[node.inputs[0]].shape
        if isinstance(node, Rate):
            for kind in sorted({SPIKES, POTENTIALS, VALUES} & set(observe)):
                shapes[f"{kind}/{node.name}"] = node.shape
        if COUNTS in observe and node.name in fan_outs:
            shapes[f"{COUNTS}/{node.name}"] = (4,)
    return shapes


@dataclass(frozen=True, eq=False)
class Run:
    """A graph at work on one batch.

    Attributes:
        graph: in normal form (or unscaled).
        timesteps: T.
        constants: the nodes that do not change over time, ``(B, *shape)``.
        batch: B.
        static_batch: B if it is known while tracing, else None.
        observe: the kinds of observations (:func:`observed_shapes`).
        fan_outs: for the observation of counts.
        gradients: whether spikes pass gradients on.
    """

    graph: Graph
    timesteps: int
    constants: Mapping[str, Any]
    batch: Any
    static_batch: int | None
    observe: frozenset[str] = frozenset()
    fan_outs: Mapping[str, Any] = field(default_factory=dict)
    gradients: bool = True

    @classmethod
    def on(
        cls,
        graph: Graph,
        x: Any,
        timesteps: int,
        observe: frozenset[str] = frozenset(),
        fan_outs: Mapping[str, Any] | None = None,
        gradients: bool = True,
    ) -> Run:
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
            fan_outs or {},
            gradients,
        )

    def for_samples(self, index: Any, constants: Mapping[str, Any]) -> Run:
        """Return the run of some samples of this batch.

        Args:
            index: their places, ``(B,)``, of another B.
            constants: of these samples, those nodes that are read over time.
        """
        return replace(
            self,
            constants={**self.constants, **constants},
            batch=tf.shape(index)[0],
            static_batch=index.shape[0],
        )

    @property
    def clock(self) -> Clock:
        """How the steps count."""
        return self.graph.clock

    def _population(self, node: Rate) -> Population:
        population: Any = node.population
        if self.gradients or not hasattr(population, "straight_through"):
            return population
        return replace(population, straight_through=False)

    def initial_state(self) -> dict[str, Any]:
        """The state of each node that has one, by name."""
        state: dict[str, Any] = {}
        for node in self.graph:
            if isinstance(node, Rate):
                shape = self._with_batch(node)
                state[node.name] = self._population(node).initial_state(shape)
            elif isinstance(node, Readout):
                zeros = tf.zeros(self._with_batch(self.graph[node.inputs[0]]))
                state[node.name] = ReadoutState(tf.constant(0), zeros, zeros)
            elif isinstance(node, RunningSum) and node.name not in self.constants:
                state[node.name] = self._no_sums(node)
        return state

    def _no_sums(self, node: RunningSum) -> SumState:
        sums = [
            tf.zeros(self._with_batch(self.graph[name]))
            for name in node.inputs
            if name not in self.constants
        ]
        return SumState(tf.constant(0.0), sums, tf.zeros(self._with_batch(node)))

    def _with_batch(self, node: Node) -> tuple[Any, ...]:
        return (self.batch, *node.shape)

    def loop(
        self, state: dict[str, Any], chunks: int, chunk: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Advance `chunks` times `chunk` steps."""
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

    def advance(
        self, state: dict[str, Any], k: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Advance every node by k steps, one node after the other."""
        values: dict[str, Any] = {}
        state, seen = dict(state), {}
        for node in self.graph:
            if node.name not in self.constants:
                seen.update(self.advance_node(node, values, state, k))
        return state, seen

    def advance_node(
        self, node: Node, values: dict[str, Any], state: dict[str, Any], k: int
    ) -> dict[str, Any]:
        """Advance one node by k steps: its value and state are put in; observations."""
        seen = {}
        events = None
        if isinstance(node, Rate):
            currents = self.steps(node.inputs[0], values, k)
            population = self._population(node)
            sent, state[node.name] = population.advance(currents, state[node.name])
            values[node.name], events = fold(sent.values), sent.events
            recorded = {
                SPIKES: sent.events,
                POTENTIALS: sent.potentials,
                VALUES: sent.values,
            }
            for kind in recorded.keys() & self.observe:
                seen[f"{kind}/{node.name}"] = tf.stack(recorded[kind])
        elif isinstance(node, Readout):
            sums = []
            for current in self.steps(node.inputs[0], values, k):
                state[node.name] = read(
                    self.clock, self.timesteps, current, state[node.name]
                )
                sums.append(state[node.name].total)
            if OUTPUTS in self.observe:
                seen[f"{OUTPUTS}/{node.name}"] = tf.stack(sums)
        elif isinstance(node, RunningSum):
            values[node.name], state[node.name] = self._running_sum(
                node, values, state[node.name], k
            )
        else:
            values[node.name] = node.apply(
                *(self._folded(name, values, k) for name in node.inputs)
            )
        if COUNTS in self.observe and node.name in self.fan_outs:
            spikes = values[node.name] if events is None else fold(events)
            counted = _count(spikes, self.fan_outs[node.name])
            seen[f"{COUNTS}/{node.name}"] = tf.reshape(counted, (k, self.batch, 4))
        return seen

    def _running_sum(
        self, node: RunningSum, values: dict[str, Any], state: SumState, k: int
    ) -> tuple[Any, SumState]:
        inputs = [
            self.constants[name]
            if name in self.constants
            else self.steps(name, values, k)
            for name in node.inputs
        ]
        if self.clock.base > 1:  # known when the input has ended: sent in every step
            means = [self.clock.mean(x) if isinstance(x, list) else x for x in inputs]
            return send_value(node, means, k), state
        if not self.clock.pre_steps:
            return send_change(node, inputs, state, k)
        changes = []
        for phase in self.clock.phases(k):  # each starts anew
            reads = [x[phase] if isinstance(x, list) else x for x in inputs]
            steps = len(range(k)[phase])
            sent, state = send_change(node, reads, self._no_sums(node), steps)
            changes.append(sent)
        return tf.concat(changes, 0), state

    def steps(self, name: str, values: dict[str, Any], k: int) -> list[Any]:
        """A signal as k tensors ``(B, *shape)``."""
        if name in self.constants:
            return [self.constants[name]] * k
        return [values[name]] if k == 1 else tf.split(values[name], k, 0)

    def _folded(self, name: str, values: dict[str, Any], k: int) -> Any:
        """A signal as one tensor ``(k * B, *shape)``."""
        if name not in self.constants:
            return values[name]
        constant = self.constants[name]
        return constant if k == 1 else tf.concat([constant] * k, 0)


def _count(spikes: Any, fan_out: Any) -> Any:
    """Events, coefficients and the synaptic operations of both, ``(K * B, 4)``.

    An event is a spike whatever its coefficient; an operation is one synapse that one
    event (or one unit of coefficient) reaches.
    """
    flat = tf.reshape(spikes, (-1, tf.size(fan_out)))
    weights = tf.stack([tf.ones_like(fan_out), fan_out], 1)  # (units, 2)
    coefficients = tf.matmul(tf.abs(flat), weights)
    events = tf.matmul(tf.cast(flat != 0, tf.float32), weights)
    return tf.stack(
        [events[:, 0], coefficients[:, 0], events[:, 1], coefficients[:, 1]], 1
    )
