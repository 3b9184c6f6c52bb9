"""Two ways to the gradients of a spiking network: by mean rates, and through time.

**By rates.** Of every population only the mean r of what it sent is kept. Then the
graph is gone through once on mean values: linear nodes and running sums are what they
are in the ANN, and at a population with the mean current z::

    sent = response(z) + stop_gradient(r - response(z))

with the response that the kind of neuron tends to, clip(z, 0, C) for most. The value
is the spiking network's own, so that the loss sees every error that spikes make; the
gradient is that of the response where the network is. It is right on average: r = z -
(V(T) - V(0)) / T, and the rest V(T) stays within one threshold whatever z is. Memory
does not grow with T, and the backward pass is that of the ANN.

The form for leaky neurons: C. Yu et al., "Advancing training efficiency of deep spiking
neural networks through rate-based backpropagation", NeurIPS 2024, arXiv 2410.11488.

**Through time.** The simulation itself is differentiated, layer by layer over all
steps, with a slope in place of the derivative of a spike (:mod:`tfsnn.surrogates`).
"time" keeps all of it for the backward pass; "time_packed" keeps a few bits for each
spike and computes the rest once more (:mod:`tfsnn.training.recompute`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Spiking
from tfsnn.simulation.simulate import simulate
from tfsnn.simulation.steps import MEANS, OUTPUTS, Run
from tfsnn.surrogates import Surrogate
from tfsnn.training.recompute import all_at_once, segment_by_segment


class Forward(NamedTuple):
    """The result of a forward pass that has gradients.

    Attributes:
        outputs: the outputs of the network in order, ``(B, *shape)``.
        means: what each population sent on average, ``(B, *units)``, by name.
        each_step: the outputs after each step, ``(B, T, *shape)``; empty if not asked.
    """

    outputs: list[Any]
    means: dict[str, Any]
    each_step: list[Any]


@dataclasses.dataclass(frozen=True)
class Way:
    """How a training pass is run.

    Attributes:
        timesteps: T, the steps of the simulation.
        chunk: K, the steps advanced at a time where that is free.
        surrogate: the slopes of spikes, where they are differentiated.
        each_step: whether the outputs after each step are wanted.
        means: whether what populations send on average is wanted, by time; by rates it
            is known anyway.
        static: whether no shape inside may depend on the data, as XLA wants it.
    """

    timesteps: int
    chunk: int
    surrogate: Surrogate
    each_step: bool = False
    means: bool = True
    static: bool = False


def by_rates(graph: Graph, feed: Mapping[str, Any], way: Way) -> Forward:
    """Simulate without gradients, then go through the graph on the mean values."""
    fixed = graph.map_arrays(lambda node, name, value: tf.stop_gradient(value))
    result = simulate(
        fixed,
        {name: tf.stop_gradient(x) for name, x in feed.items()},
        way.timesteps,
        chunk=way.chunk,
        observe=(MEANS,),
        static=way.static,
        gradients=False,
    )
    values: dict[str, Any] = dict(feed)
    means: dict[str, Any] = {}
    for node in graph:
        if node.name in values:
            continue
        reads = [values[name] for name in node.inputs]
        if isinstance(node, Spiking):
            sent = result.observed[f"{MEANS}/{node.name}"][0]
            values[node.name] = _with_value(node.population.response(*reads), sent)
            means[node.name] = values[node.name]
        else:
            values[node.name] = node.apply(*reads)
    found = zip(graph.outputs, result.outputs, strict=True)
    outputs = [_with_value(values[name], simulated) for name, simulated in found]
    return Forward(outputs, means, [])


def through_time(graph: Graph, feed: Mapping[str, Any], way: Way) -> Forward:
    """Simulate all steps layer by layer, with gradients.

    Raises:
        OptionError: for neurons whose spikes have no gradient.
    """
    return _through_time(graph, feed, way, all_at_once)


def through_time_packed(graph: Graph, feed: Mapping[str, Any], way: Way) -> Forward:
    """Simulate all steps layer by layer, with gradients, in little memory.

    Raises:
        OptionError: for neurons whose spikes have no gradient.
    """
    return _through_time(graph, feed, way, segment_by_segment)


def _through_time(
    graph: Graph,
    feed: Mapping[str, Any],
    way: Way,
    advance: Callable[[Run], dict[str, Any]],
) -> Forward:
    check_time(graph)
    nodes = [
        node.with_surrogate(way.surrogate)
        if isinstance(node, Spiking) and node.takes_surrogate
        else node
        for node in graph
    ]
    graph = dataclasses.replace(graph, nodes=tuple(nodes)).prepared()
    observe = {MEANS: way.means, OUTPUTS: way.each_step}
    asked = frozenset(kind for kind, wanted in observe.items() if wanted)
    found = advance(Run.on(graph, feed, way.timesteps, asked))
    outputs = [found[name] for name in graph.outputs]
    means = {
        n.name: found[f"{MEANS}/{n.name}"] for n in graph if n.spikes and way.means
    }
    over_time = [found[f"{OUTPUTS}/{n}"] for n in graph.outputs if way.each_step]
    each_step = [tf.transpose(y, (1, 0, *range(2, len(y.shape)))) for y in over_time]
    return Forward(outputs, means, each_step)


GRADIENTS: dict[str, Callable[[Graph, Mapping[str, Any], Way], Forward]] = {
    "rates": by_rates,
    "time": through_time,
    "time_packed": through_time_packed,
}


BY_TIME = ("time", "time_packed")
FEW_STEPS = 8  # beyond which memory and time of a pass through time grow too large


def usual_gradient(graph: Graph, timesteps: int) -> str:
    """Return the way that learns most in a given time.

    Through time a step learns more, and takes T passes; so that is "time" for few
    steps, where spikes have slopes, and "rates" else.
    """
    return "time" if timesteps <= FEW_STEPS and not _without_slopes(graph) else "rates"


def check_time(graph: Graph) -> None:
    """Refuse networks whose spikes cannot be differentiated.

    Raises:
        OptionError: for neurons whose spikes have no gradient.
    """
    if without := _without_slopes(graph):
        raise OptionError(
            f"{without[0].name} has {without[0].population.description}, whose spikes "
            "weigh by their step or their time and have no slope: take "
            "gradient='rates'"
        )


def _without_slopes(graph: Graph) -> list[Spiking]:
    """Return the populations whose spikes cannot be differentiated."""
    return [
        node
        for node in graph.of_kind(Spiking)
        if not (node.takes_surrogate or node.population.encodes_input)
    ]


def _with_value(line: Any, value: Any) -> Any:
    """Return `value` with the gradient of `line`."""
    return tf.stop_gradient(value) + (line - tf.stop_gradient(line))
