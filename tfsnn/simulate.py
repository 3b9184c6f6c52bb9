"""The loop over time: one ``tf.while_loop``, in chunks of K steps.

The state of every node is an argument of the loop, never a variable. A chunk advances K
steps layer by layer: a synapse sees the K steps folded into the batch axis, a neuron
goes through them. K = 1 is streaming, K = T is layer-by-layer; the spikes are the same.
What does not change over time (all that a constant input reaches before the first
neuron) is computed once.

Tensors in a chunk are ``(K * B, *shape)``, time first; observations ``(T, B, ...)``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.graph import Graph, Node
from tfsnn.neurons import State
from tfsnn.nodes import Rate, Readout, RunningSum
from tfsnn.running_sum import SumState, fold, send_change

OUTPUTS, SPIKES, POTENTIALS, COUNTS = "outputs", "spikes", "potentials", "counts"


class Result(NamedTuple):
    """What a simulation leaves.

    Attributes:
        outputs: for each output of the model, the mean current of all steps with the
            head applied, ``(B, *shape)``.
        observed: by ``kind/node``, over time, ``(T, B, ...)``.
    """

    outputs: list[Any]
    observed: dict[str, Any]


def simulate(
    graph: Graph,
    x: Any,
    timesteps: int,
    *,
    chunk: int = 1,
    observe: Collection[str] = (),
    fan_outs: Mapping[str, Any] | None = None,
) -> Result:
    """Run a spiking graph on a constant input current.

    Args:
        graph: in normal form (or unscaled), its arrays tensors.
        x: ``(B, *input shape)``, present in every step; of several inputs a list in
            order or a mapping by name.
        timesteps: T.
        chunk: K, steps advanced at a time.
        observe: of "outputs" (after each step, heads applied), "spikes" (coefficients),
            "potentials" (after firing) and "counts" (see :func:`_count`).
        fan_outs: synapses that each unit's spikes reach, by node, for "counts".
    """
    run = _Run(graph, x, frozenset(observe), fan_outs or {})
    chunk = min(chunk, timesteps)
    chunks, rest = divmod(timesteps, chunk)
    state, observed = run.loop(run.initial_state(), chunks, chunk)
    if rest:
        state, tail = run.advance(state, rest)
        observed = {key: tf.concat([observed[key], tail[key]], 0) for key in observed}
    readouts = [graph[name] for name in graph.outputs]
    if OUTPUTS in run.observe:
        for node in graph.of_kind(Readout):
            observed[f"{OUTPUTS}/{node.name}"] = _heads_over_time(
                node, observed[f"{OUTPUTS}/{node.name}"]
            )
    outputs = [node.apply(state[node.name] / float(timesteps)) for node in readouts]
    return Result(outputs, observed)


def constant_nodes(graph: Graph) -> set[str]:
    """The nodes whose values do not change while the input does not."""
    constant: set[str] = set()
    for node in graph:
        changes = isinstance(node, Rate | Readout)
        if not changes and set(node.inputs) <= constant:
            constant.add(node.name)
    return constant


def scan(step: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
    """Fold ``step(x_t, state) -> (y_t, state)`` over axis 0 of `inputs`.

    For layers on user's own sequences; differentiable. Returns the outputs, stacked,
    and the last state.
    """
    length = inputs.shape[0]
    if length is not None and length <= 4:
        outputs = []
        for t in range(length):
            y, state = step(inputs[t], state)
            outputs.append(y)
        return tf.stack(outputs), state
    count = length if length is not None else tf.shape(inputs)[0]
    array = tf.TensorArray(inputs.dtype, size=count)

    def body(t: Any, array: Any, state: Any) -> tuple[Any, Any, Any]:
        y, after = step(inputs[t], state)
        return t + 1, array.write(t, y), after

    _, array, state = tf.while_loop(
        lambda t, *_: t < count, body, (0, array, state), maximum_iterations=count
    )
    return array.stack(), state


class _Run:
    """A graph at work on one batch."""

    def __init__(
        self,
        graph: Graph,
        x: Any,
        observe: frozenset[str],
        fan_outs: Mapping[str, Any],
    ) -> None:
        self.graph, self.observe, self.fan_outs = graph, observe, fan_outs
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
                state[node.name] = node.neuron.initial_state(self._with_batch(node))
            elif isinstance(node, Readout):
                read = self.graph[node.inputs[0]]
                state[node.name] = tf.zeros(self._with_batch(read))
            elif isinstance(node, RunningSum) and node.name not in self.constants:
                sums = [
                    tf.zeros(self._with_batch(self.graph[name]))
                    for name in node.inputs
                    if name not in self.constants
                ]
                sent = tf.zeros(self._with_batch(node))
                state[node.name] = SumState(tf.constant(0.0), sums, sent)
        return state

    def _with_batch(self, node: Node) -> tuple[Any, ...]:
        return (self.batch, *node.shape)

    def loop(
        self, state: dict[str, Any], chunks: int, chunk: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Advance `chunks` times `chunk` steps."""
        arrays = {
            key: tf.TensorArray(tf.float32, chunks, element_shape=(chunk, *shape))
            for key, shape in self._observed_shapes().items()
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
        )
        observed = {}
        for key, shape in self._observed_shapes().items():
            stacked = arrays[key].stack()  # (chunks, chunk, B, ...)
            rest = tf.shape(stacked)[2:]
            observed[key] = tf.reshape(stacked, tf.concat([[-1], rest], 0))
            observed[key].set_shape((chunks * chunk, *shape))
        return state, observed

    def _observed_shapes(self) -> dict[str, tuple[int | None, ...]]:
        """What is observed in a step, ``(B, ...)``, by ``kind/node``."""
        shapes = {}
        for node in self.graph:
            shape = (self.static_batch, *node.shape)
            if isinstance(node, Readout) and OUTPUTS in self.observe:
                read = self.graph[node.inputs[0]].shape
                shapes[f"{OUTPUTS}/{node.name}"] = (self.static_batch, *read)
            if isinstance(node, Rate):
                for kind in {SPIKES, POTENTIALS} & self.observe:
                    shapes[f"{kind}/{node.name}"] = shape
            if COUNTS in self.observe and node.name in self.fan_outs:
                shapes[f"{COUNTS}/{node.name}"] = (self.static_batch, 4)
        return shapes

    def advance(
        self, state: dict[str, Any], k: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Advance every node by k steps, one node after the other."""
        values: dict[str, Any] = {}
        state, seen = dict(state), {}
        for node in self.graph:
            if node.name in self.constants:
                continue
            if isinstance(node, Rate):
                currents = self._steps(node.inputs[0], values, k)
                spikes, potentials, state[node.name] = _integrate(
                    node, currents, state[node.name]
                )
                values[node.name] = fold(spikes)
                if SPIKES in self.observe:
                    seen[f"{SPIKES}/{node.name}"] = tf.stack(spikes) / node.threshold
                if POTENTIALS in self.observe:
                    seen[f"{POTENTIALS}/{node.name}"] = tf.stack(potentials)
            elif isinstance(node, Readout):
                sums = []
                for current in self._steps(node.inputs[0], values, k):
                    state[node.name] += current
                    sums.append(state[node.name])
                if OUTPUTS in self.observe:
                    seen[f"{OUTPUTS}/{node.name}"] = tf.stack(sums)
            elif isinstance(node, RunningSum):
                inputs = [
                    self.constants[name]
                    if name in self.constants
                    else self._steps(name, values, k)
                    for name in node.inputs
                ]
                values[node.name], state[node.name] = send_change(
                    node, inputs, state[node.name], k
                )
            else:
                values[node.name] = node.apply(
                    *(self._folded(name, values, k) for name in node.inputs)
                )
            if COUNTS in self.observe and node.name in self.fan_outs:
                counted = _count(values[node.name], self.fan_outs[node.name])
                seen[f"{COUNTS}/{node.name}"] = tf.reshape(counted, (k, self.batch, 4))
        return state, seen

    def _steps(self, name: str, values: dict[str, Any], k: int) -> list[Any]:
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


def _integrate(
    node: Rate, currents: list[Any], state: State
) -> tuple[list[Any], list[Any], State]:
    """Spikes and potentials of each step, and the last state."""
    neuron, spikes, potentials = node.neuron, [], []
    for current in currents:
        c, state = neuron.step(current, state)
        spikes.append(neuron.spike(c))
        potentials.append(state.potential)
    return spikes, potentials, state


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


def _heads_over_time(node: Readout, sums: Any) -> Any:
    """The head of the mean current after each step, ``(T, B, *shape)``."""
    steps = tf.range(1.0, tf.cast(tf.shape(sums)[0], tf.float32) + 1.0)
    means = sums / tf.reshape(steps, (-1,) + (1,) * (len(sums.shape) - 1))
    flat = tf.reshape(means, (-1, *sums.shape[2:]))
    return tf.reshape(node.apply(flat), (*tf.unstack(tf.shape(sums)[:2]), *node.shape))
