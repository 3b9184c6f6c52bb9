"""A spiking graph at work on a frame: what it does between one input and the next.

A frame is the input of K steps, in which it does not change. All that it reaches before
the first neuron is computed once for each frame; the rest is the simulation that still
samples have (:mod:`tfsnn.simulation.steps`). What lasts from frame to frame is an
argument and a result, in which every tensor has B rows: any row can begin anew.

In a recurrent network a frame is one element of a sequence. What lasts is what its
recurrent layers hold (:attr:`tfsnn.network.graph.Graph.states`), in the ANN's units;
its neurons begin anew with each frame, a still input of K steps, so every method can.
Neurons that send changes go on, as in other networks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.data.over_time.settings import BY_ELEMENT
from tfsnn.errors import OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Spiking, without_heads
from tfsnn.network.roles import constant_nodes, needs_all_steps
from tfsnn.network.running_sum import SumState, stream_state
from tfsnn.network.signals import Signal
from tfsnn.simulation.feed import by_name
from tfsnn.simulation.frame_readout import FrameReadout
from tfsnn.simulation.simulate import simulate
from tfsnn.simulation.steps import COUNTS, Lowering, Run

FRAMES, NODES, OUTPUTS, STATES = "frames", "nodes", "outputs", "states"


@dataclass(frozen=True)
class FrameSettings:
    """The way in which a network is run over time.

    Attributes:
        steps: K, time steps of a frame.
        readout: what is read after each frame.
        chunk: steps advanced at a time.
        static: whether XLA compiles it, which wants shapes that do not depend on data.
        lowered: what advances nodes of some kinds in a program of another engine, as in
            :class:`tfsnn.simulation.steps.Run`; it makes no difference to the results.
    """

    steps: int
    readout: FrameReadout
    chunk: int = 1
    static: bool = False
    lowered: Mapping[type[Node], Lowering] | None = field(default=None, compare=False)


class FrameResult(NamedTuple):
    """The result of one frame.

    Attributes:
        outputs: for each output of the model, what is read after the frame with the
            head applied, ``(B, *shape)``.
        observed: observations by ``kind/node``, ``(K, B, ...)``; of counts the sum over
            the steps, ``(B, 4)``.
        state: what lasts, as :func:`initial_state` has it.
    """

    outputs: list[Any]
    observed: dict[str, Any]
    state: dict[str, Any]


@dataclass(frozen=True, eq=False)
class FrameRun(Run):
    """The run of one frame, whose readouts are sums over its steps."""

    def _advance_readout(
        self, node: Node, signals: Mapping[str, Signal], state: dict[str, Any]
    ) -> dict[str, Any]:
        for current in signals[node.inputs[0]].steps():
            state[node.name] = state[node.name] + current
        return {}


def initial_state(graph: Graph, batch: Any, settings: FrameSettings) -> dict[str, Any]:
    """Return the state before the first frame: of each node, of outputs, and frames.

    Args:
        graph: the spiking graph.
        batch: B, a number or a scalar tensor.
        settings: how the network is run.
    """
    constant, nodes, outputs = constant_nodes(graph), {}, {}
    for node in graph:
        if node.name in graph.answers:
            shape = (batch, *graph[node.inputs[0]].shape)
            outputs[node.name] = settings.readout.initial(shape)
        elif not (_begins_anew(graph) or node.name in {*constant, *graph.outputs}):
            shapes = [graph[name].shape for name in node.inputs]
            state = node.initial_state(batch, shapes)
            if isinstance(state, SumState):
                state = None if graph.clock.tracks else stream_state(state)
            if state is not None:
                nodes[node.name] = _by_row(state, batch, node)
    state = {FRAMES: tf.zeros((batch,), tf.int32), NODES: nodes, OUTPUTS: outputs}
    if not graph.states:
        return state
    kept = {name: tf.zeros((batch, *graph[name].shape)) for name in graph.states}
    return {**state, STATES: kept}


def advance_frame(
    graph: Graph,
    x: Any,
    state: Mapping[str, Any],
    settings: FrameSettings,
    *,
    observe: Collection[str] = (),
    fan_outs: Mapping[str, Any] | None = None,
) -> FrameResult:
    """Run a spiking graph on one frame.

    Args:
        graph: a graph as :func:`tfsnn.simulation.simulate.simulate` takes it.
        x: the frames ``(B, *input shape)``, one for each row; of several inputs a list
            in order or a mapping by name.
        state: that after the frames before.
        settings: how the network is run.
        observe: any of "spikes", "potentials", "values" and "counts".
        fan_outs: synapses that each unit's spikes reach, by node, for "counts".
    """
    feed = {**by_name(graph.given, x), **state.get(STATES, {})}
    run = _anew if _begins_anew(graph) else _further
    nodes, means, observed = run(
        graph, feed, state[NODES], settings, frozenset(observe), fan_outs
    )
    frames, outputs, kept = state[FRAMES] + 1, [], {}
    for name in graph.answers:
        before = state[OUTPUTS][name]
        value, kept[name] = settings.readout.read(means[name], before, frames)
        outputs.append(graph[name].apply(value))
    observed = {
        key: tf.reduce_sum(values, 0) if key.startswith(f"{COUNTS}/") else values
        for key, values in observed.items()
    }
    after = {FRAMES: frames, NODES: nodes, OUTPUTS: kept}
    if graph.states:
        last = graph.kept.items()
        after[STATES] = {name: graph[read].apply(means[read]) for name, read in last}
    return FrameResult(outputs, observed, after)


def _further(
    graph: Graph,
    feed: Mapping[str, Any],
    nodes: Mapping[str, Any],
    settings: FrameSettings,
    observe: frozenset[str],
    fan_outs: Mapping[str, Any] | None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Run a frame from the state of the nodes.

    Returns:
        Their state after it, the mean that each output reads, and what was observed.
    """
    graph = graph.prepared().without_gradients()
    graph = replace(graph, clock=graph.clock.over_time())
    lowered = settings.lowered
    run = FrameRun.on(graph, feed, settings.steps, observe, fan_outs, lowered)
    state = dict(nodes)
    for name in graph.outputs:
        state[name] = tf.zeros((run.batch, *graph[graph[name].inputs[0]].shape))
    state, observed = _advance(run, state, min(settings.chunk, settings.steps))
    totals = {name: state.pop(name) for name in graph.outputs}
    if settings.steps > 1:
        totals = {k: total / float(settings.steps) for k, total in totals.items()}
    return state, totals, observed


def _anew(
    graph: Graph,
    feed: Mapping[str, Any],
    nodes: Mapping[str, Any],
    settings: FrameSettings,
    observe: frozenset[str],
    fan_outs: Mapping[str, Any] | None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Run a frame as a still input; what it returns is that of :func:`_further`."""
    found = simulate(
        without_heads(graph),
        feed,
        settings.steps,
        chunk=settings.chunk,
        observe=observe,
        fan_outs=fan_outs,
        static=settings.static,
        gradients=False,
        start=partial(Run.on, lowered=settings.lowered),
    )
    means = dict(zip(graph.outputs, found.outputs, strict=True))
    return dict(nodes), means, found.observed


def _begins_anew(graph: Graph) -> bool:
    """Return whether neurons begin anew with each frame, of which others tell."""
    return bool(graph.states) and not graph.clock.tracks


def _advance(
    run: Run, state: dict[str, Any], chunk: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Advance by the steps of a frame, `chunk` at a time."""
    chunks, rest = divmod(run.timesteps, chunk)
    if chunks == 1 and not rest:
        return run.advance(state, chunk)
    state, observed = run.loop(state, chunks, chunk)
    if rest:
        state, tail = run.advance(state, rest)
        observed = {k: tf.concat([observed[k], tail[k]], 0) for k in observed}
    return state, observed


def _by_row(state: Any, batch: Any, node: Node) -> Any:
    """Return a state whose numbers for the whole batch are there for each row."""

    def rows(leaf: Any) -> Any:
        if len(leaf.shape):
            return leaf
        return tf.fill((batch,) + (1,) * len(node.shape), leaf)

    return tf.nest.map_structure(rows, state)


def check_over_time(graph: Graph, name: str, method: str) -> None:
    """Refuse a network that cannot take one frame after the other.

    Args:
        graph: the spiking graph.
        name: the name of the network.
        method: the method that it was converted with.

    Raises:
        OptionError: for a network that needs the whole input, or a still one.
    """
    if reason := _needs(graph):
        raise OptionError(
            f"{name} ({method}) cannot run over time: {reason}. Convert with a method "
            "that answers step by step, such as sigma_delta, augmapping, data_norm or "
            "differential"
        )


def refuse_still(graph: Graph, name: str) -> None:
    """Refuse a still input for a recurrent network, which takes sequences.

    Args:
        graph: the spiking graph.
        name: the name of the network.

    Raises:
        OptionError: if it has states.
    """
    if graph.states:
        raise OptionError(BY_ELEMENT.format(name))


def _needs(graph: Graph) -> str:
    """Return why a network cannot run over time; empty if it can."""
    clock = graph.clock
    if _begins_anew(graph):
        return ""  # each frame is a still input
    if clock.pre_steps:
        return f"{clock.pre_steps} pre-steps set up its neurons for one still input"
    if clock.base > 1:
        return "its spikes are digits of one still input, weighted by their step"
    if clock.lookahead:
        return f"each layer looks {clock.lookahead} steps ahead, to inputs yet to come"
    if clock.delay:
        return f"its readouts leave out the first {clock.delay} steps of a still input"
    if clock.layer_by_layer or needs_all_steps(graph):
        return "it works layer by layer, each on all steps of a still input"
    for node in graph.of_kind(Spiking):
        if node.population.still:
            return f"{node.name} codes an input that is the same in every step"
    return ""
