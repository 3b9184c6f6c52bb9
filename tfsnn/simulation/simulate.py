"""The simulation: one ``tf.while_loop`` over time, in chunks of K steps.

The state of every node is an argument of the loop, never a variable. A chunk advances K
steps layer by layer: a synapse sees the K steps folded into the batch axis, a neuron
goes through them. K = 1 is streaming, K = T is layer-by-layer; the spikes are the same.
What does not change over time (all that a constant input reaches before the first
neuron) is computed once.

Neurons that need all steps at once (:attr:`tfsnn.network.neurons.Population.whole`)
make it layer-by-layer. The batch then goes through the network in slices of so few
samples that memory does not grow with T; a synapse sees as many values at a time as
ever.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Readout
from tfsnn.network.roles import needs_all_steps
from tfsnn.simulation.early_exit import run_until_decided
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.readout import mean, outputs_over_time
from tfsnn.simulation.steps import (
    COUNTS,
    MEANS,
    OUTPUTS,
    Run,
    average_of,
    observed_shapes,
)

# Samples times steps that go through a layer together, where all steps have to.
AT_ONCE = 128


class Result(NamedTuple):
    """The result of a simulation.

    Attributes:
        outputs: for each output of the model, the mean current of the steps that count
            with the head applied, ``(B, *shape)``.
        observed: observations over time by ``kind/node``, ``(S, B, ...)``.
        steps: counted steps of each sample, ``(B,)`` int32: T, or fewer by early exit.
    """

    outputs: list[Any]
    observed: dict[str, Any]
    steps: Any


def simulate(
    graph: Graph,
    x: Any,
    timesteps: int,
    *,
    chunk: int = 1,
    observe: Collection[str] = (),
    fan_outs: Mapping[str, Any] | None = None,
    early_exit: ExitRule | None = None,
    static: bool = False,
    gradients: bool = True,
    start: Callable[..., Run] = Run.on,
) -> Result:
    """Run a spiking graph on a constant input current.

    Args:
        graph: a graph in normal form (or unscaled); its arrays are tensors, or NumPy
            arrays, which become constants of the program.
        x: samples ``(B, *input shape)``, present in every step; of several inputs a
            list in order or a mapping by name.
        timesteps: T, the steps that count.
        chunk: K, steps advanced at a time.
        observe: any of "outputs" (after each step, heads applied), "spikes"
            (coefficients), "potentials" (after firing), "values" (what synapses receive
            for the spikes), "means" (of these values over the steps that count: ``(1,
            B, ...)``, memory that does not grow with T) and "counts" (see
            :mod:`tfsnn.simulation.steps`).
        fan_outs: synapses that each unit's spikes reach, by node, for "counts".
        early_exit: the rule by which samples leave. Only "counts" can be observed then,
            over all steps of each sample together: ``(1, B, 4)``.
        static: whether no shape inside may depend on the data, or on a batch size that
            is not known yet, as XLA wants it. Samples that are decided then wait for
            the others, and a batch of unknown size is not sliced.
        gradients: whether spikes pass gradients on, straight through. TensorFlow
            registers the gradient of a traced function for good, and keeps with it the
            function and the variables that it reads: programs that nobody trains leave
            it out.
        start: makes the run of a graph, samples and so on, as :meth:`Run.on` does; an
            engine may have nodes advanced otherwise.

    Raises:
        OptionError: for early exit from a network that does not answer step by step,
            or with observations over time.
    """
    graph = graph.prepared()
    if not gradients:
        graph = graph.without_gradients()
    feed = graph.feed(x)
    if early_exit is not None:
        if set(observe) - {COUNTS}:
            raise OptionError(
                f"early exit leaves no observation over time, but {sorted(observe)} "
                "were asked for: observe counts, or simulate without early exit"
            )
        seen = frozenset(observe)
        run = start(graph, feed, timesteps, seen, fan_outs)
        return Result(*run_until_decided(run, early_exit, chunk, compact=not static))
    seen = frozenset(observe)
    part = _Part(graph, timesteps, chunk, seen, fan_outs or {}, start)
    if not needs_all_steps(graph):
        return part(feed)
    size, batch = max(1, AT_ONCE // part.steps), next(iter(feed.values())).shape[0]
    if batch is not None and static:
        size = next(n for n in range(min(size, batch), 0, -1) if batch % n == 0)
    fits = static if batch is None else batch <= size
    part = part._replace(chunk=part.steps)
    return part(feed) if fits else _in_slices(part, feed, size)


class _Part(NamedTuple):
    """A simulation of some samples."""

    graph: Graph
    timesteps: int
    chunk: int
    observe: frozenset[str]
    fan_outs: Mapping[str, Any]
    start: Callable[..., Run]

    @property
    def steps(self) -> int:
        """The number of all steps, pre-steps included."""
        return self.graph.clock.pre_steps + self.timesteps

    def __call__(self, feed: dict[str, Any]) -> Result:
        graph = self.graph
        run = self.start(graph, feed, self.timesteps, self.observe, self.fan_outs)
        chunk = min(self.chunk, self.steps)
        chunks, rest = divmod(self.steps, chunk)
        state, observed = run.loop(run.initial_state(), chunks, chunk)
        if rest:
            state, tail = run.advance(state, rest)
            observed = {k: tf.concat([observed[k], tail[k]], 0) for k in observed}
        outputs = [
            graph[name].apply(mean(run.clock, self.timesteps, state[name]))
            for name in graph.outputs
        ]
        for node in run.averaged:
            average = mean(run.clock, self.timesteps, state[average_of(node.name)])
            observed[f"{MEANS}/{node.name}"] = average[None]
        if OUTPUTS in self.observe:
            for node in graph.of_kind(Readout):
                key = f"{OUTPUTS}/{node.name}"
                observed[key] = outputs_over_time(
                    run.clock, self.timesteps, node, observed[key]
                )
        return Result(outputs, observed, tf.fill([run.batch], self.timesteps))

    def shapes(self) -> Result:
        """Return the results' shapes for one sample; observations ``(S, ...)``."""
        graph = self.graph
        seen = observed_shapes(graph, self.observe, self.fan_outs)
        observed = {key: (self.steps, *shape) for key, shape in seen.items()}
        if OUTPUTS in self.observe:
            for node in graph.of_kind(Readout):
                observed[f"{OUTPUTS}/{node.name}"] = (self.timesteps, *node.shape)
        if MEANS in self.observe:
            for node in graph:
                if node.spikes:
                    observed[f"{MEANS}/{node.name}"] = (1, *node.shape)
        return Result([graph[name].shape for name in graph.outputs], observed, ())


def _in_slices(part: _Part, feed: dict[str, Any], size: int) -> Result:
    """Simulate in slices of `size` samples, so that memory does not grow with T."""
    batch = tf.shape(next(iter(feed.values())))[0]
    count = tf.maximum((batch + size - 1) // size, 1)
    shapes = part.shapes()

    def array(shape: tuple[int, ...], dtype: Any = tf.float32) -> Any:
        return tf.TensorArray(
            dtype, count, infer_shape=False, element_shape=(None, *shape)
        )

    arrays = Result(
        [array(shape) for shape in shapes.outputs],
        {key: array(shape) for key, shape in shapes.observed.items()},
        array((), tf.int32),
    )

    def body(i: Any, arrays: Result) -> tuple[Any, Result]:
        rows = slice(i * size, (i + 1) * size)
        found = part({name: x[rows] for name, x in feed.items()})
        outputs = zip(arrays.outputs, found.outputs, strict=True)
        observed = arrays.observed.items()
        return i + 1, Result(
            [array.write(i, y) for array, y in outputs],
            {k: a.write(i, _swapped(found.observed[k])) for k, a in observed},
            arrays.steps.write(i, found.steps),
        )

    _, arrays = tf.while_loop(
        lambda i, _: i < count, body, (0, arrays), parallel_iterations=1
    )
    return Result(
        [array.concat() for array in arrays.outputs],
        {key: _swapped(array.concat()) for key, array in arrays.observed.items()},
        arrays.steps.concat(),
    )


def _swapped(x: Any) -> Any:
    """Exchange the first two axes, time and batch."""
    return tf.transpose(x, (1, 0, *range(2, len(x.shape))))
