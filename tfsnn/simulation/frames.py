"""A spiking graph at work on a frame: what it does between one input and the next.

A frame is the input of K steps, in which it does not change. All that it reaches before
the first neuron is computed once for each frame; the rest is the simulation that still
samples have (:mod:`tfsnn.simulation.steps`). What lasts from frame to frame is an
argument and a result, in which every tensor has B rows: any row can begin anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Spiking
from tfsnn.network.roles import constant_nodes, needs_all_steps
from tfsnn.network.running_sum import SumState, stream_state
from tfsnn.simulation.frame_readout import FrameReadout
from tfsnn.simulation.steps import COUNTS, Run

FRAMES, NODES, OUTPUTS = "frames", "nodes", "outputs"


@dataclass(frozen=True)
class FrameSettings:
    """The way in which a network is run over time.

    Attributes:
        steps: K, time steps of a frame.
        readout: what is read after each frame.
        chunk: steps advanced at a time.
    """

    steps: int
    readout: FrameReadout
    chunk: int = 1


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
        self, node: Node, values: dict[str, Any], state: dict[str, Any], k: int
    ) -> dict[str, Any]:
        for current in self.steps(node.inputs[0], values, k):
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
        if node.name in graph.outputs:
            shape = (batch, *graph[node.inputs[0]].shape)
            outputs[node.name] = settings.readout.initial(shape)
        elif node.name not in constant:
            shapes = [graph[name].shape for name in node.inputs]
            state = node.initial_state(batch, shapes)
            if isinstance(state, SumState):
                state = None if graph.clock.tracks else stream_state(state)
            if state is not None:
                nodes[node.name] = _by_row(state, batch, node)
    return {FRAMES: tf.zeros((batch,), tf.int32), NODES: nodes, OUTPUTS: outputs}


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
    graph = graph.prepared().without_gradients()
    graph = replace(graph, clock=graph.clock.over_time())
    run = FrameRun.on(graph, x, settings.steps, frozenset(observe), fan_outs)
    nodes = dict(state[NODES])
    for name in graph.outputs:
        nodes[name] = tf.zeros((run.batch, *graph[graph[name].inputs[0]].shape))
    nodes, observed = _advance(run, nodes, min(settings.chunk, settings.steps))
    frames, outputs, kept = state[FRAMES] + 1, [], {}
    for name in graph.outputs:
        total, before = nodes.pop(name), state[OUTPUTS][name]
        mean = total if settings.steps == 1 else total / float(settings.steps)
        value, kept[name] = settings.readout.read(mean, before, frames)
        outputs.append(graph[name].apply(value))
    observed = {
        key: tf.reduce_sum(values, 0) if key.startswith(f"{COUNTS}/") else values
        for key, values in observed.items()
    }
    return FrameResult(outputs, observed, {FRAMES: frames, NODES: nodes, OUTPUTS: kept})


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


def _needs(graph: Graph) -> str:
    """Return why a network cannot run over time; empty if it can."""
    clock = graph.clock
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
