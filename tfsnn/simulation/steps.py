"""A spiking graph at work on one batch: its state, and how each node advances.

Tensors are ``(K * B, *shape)``, time first, for the K steps of a chunk; observations
``(S, B, ...)``, where the S steps are the pre-steps of the network's clock and then the
T that count; outputs are observed after each of the T.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.network.graph import Graph, Node
from tfsnn.network.nodes import Rate, Readout, RunningSum
from tfsnn.network.roles import constant_nodes
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


class ReadoutState(NamedTuple):
    """The steps read so far, their weighted sum, and that of those left out."""

    step: Any
    total: Any  # (B, *shape of what is read)
    skipped: Any


class Run:
    """A graph at work on one batch."""

    def __init__(
        self,
        graph: Graph,
        x: Any,
        timesteps: int,
        observe: frozenset[str] = frozenset(),
        fan_outs: Mapping[str, Any] | None = None,
    ) -> None:
        """As :func:`simulate` has them."""
        self.graph, self.observe, self.fan_outs = graph, observe, fan_outs or {}
        self.timesteps, self.clock = timesteps, graph.clock
        self.constants: dict[str, Any] = graph.feed(x)
        first = next(iter(self.constants.values()))
        self.batch, self.static_batch = tf.shape(first)[0], first.shape[0]
        constant = constant_nodes(graph)
        for node in graph:
            if node.name in constant and node.name not in self.constants:
                reads = (self.constants[name] for name in node.inputs)
                self.constants[node.name] = node.apply(*reads)

    def initial_state(self) -> dict[str, Any]:
        """The state of each node that has one, by name."""
        state: dict[str, Any] = {}
        for node in self.graph:
            if isinstance(node, Rate):
                shape = self._with_batch(node)
                state[node.name] = node.population.initial_state(shape)
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
            sent, state[node.name] = node.population.advance(currents, state[node.name])
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
                state[node.name] = self._read(current, state[node.name])
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

    def _read(self, current: Any, state: ReadoutState) -> ReadoutState:
        clock = self.clock
        total = (clock.base * state.total if clock.base > 1 else state.total) + current
        skip = clock.pre_steps + clock.start(self.timesteps)
        if not skip:
            return ReadoutState(state.step, total, state.skipped)
        step = state.step + 1
        return ReadoutState(step, total, tf.where(step == skip, total, state.skipped))

    def output(self, node: Any, state: ReadoutState) -> Any:
        """The head of the mean current of the steps that count."""
        counted = self.timesteps - self.clock.start(self.timesteps)
        total = state.total - state.skipped if self.clock.base == 1 else state.total
        return node.apply(total / self.clock.weight(counted))

    def outputs_over_time(self, node: Any, sums: Any) -> Any:
        """The head of the mean current after each step, ``(T, B, *shape)``."""
        clock, pre = self.clock, self.clock.pre_steps
        steps = range(1, self.timesteps + 1)
        starts = [clock.start(t) for t in steps]
        if pre or clock.delay:
            before = tf.concat([tf.zeros_like(sums[:1]), sums], 0)
            sums = sums[pre:] - tf.gather(before, [pre + start for start in starts])
        weights = [clock.weight(t - i) for t, i in zip(steps, starts, strict=True)]
        shape = (-1,) + (1,) * (len(sums.shape) - 1)
        means = sums / tf.reshape(tf.constant(weights, tf.float32), shape)
        flat = tf.reshape(means, (-1, *sums.shape[2:]))
        return tf.reshape(
            node.apply(flat), (*tf.unstack(tf.shape(sums)[:2]), *node.shape)
        )

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
