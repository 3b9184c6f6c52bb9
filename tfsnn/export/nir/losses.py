"""What NIR cannot say of a spiking network, and the network without it.

Each loss rewrites the graph, so that what a file says can be simulated here and set
beside the network itself (:mod:`tfsnn.export.nir.effects`), one loss at a time. What
NIR can say in other words is rewritten first, by :func:`in_other_words`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph, Node
from tfsnn.network.nodes import Affine, Average, Linear, Max, Merge, Rate

PLAIN = "integrate_fire"
PRE_RUN = ("silenced", "offset_corrected")
WEIGHTED = ("radix", "differential", "few_spikes")


@dataclass(frozen=True)
class Loss:
    """Something that the file leaves out.

    Attributes:
        what: the name of it.
        nodes: that have it.
        instead: what the file has in its place.
        way_out: how to convert so that nothing is lost.
        change: makes the graph what the file says, in this respect.
    """

    what: str
    nodes: tuple[str, ...]
    instead: str
    way_out: str
    change: Callable[[Graph], Graph] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return {
            "what": self.what,
            "nodes": list(self.nodes),
            "instead": self.instead,
            "way_out": self.way_out,
        }


def never_said(graph: Graph) -> list[tuple[str, str, str]]:
    """Neurons that NIR has nothing like: node, kind, reason."""
    problems = []
    for node in graph.of_kind(Rate):
        reason = ""
        if node.neuron in WEIGHTED:
            reason = (
                f"has {node.neuron} neurons, whose spikes weigh differently in each "
                "step: convert with a method of plain spikes (data_norm)"
            )
        elif node.settings.get("leak"):
            reason = "leaks, and IF in NIR does not: take neurons without a leak"
        if reason:
            problems.append((node.name, "Rate", reason))
    return problems


def in_other_words(graph: Graph) -> Graph:
    """The same network in plain neurons, as far as there are such.

    A constant current of the neurons (`driven`) goes into the biases. A coder sends
    what a neuron at its input sends, as long as the sum of its input does not round.
    """
    for node in graph.of_kind(Rate):
        if node.neuron == "driven":
            settings = dict(node.settings)
            drive = np.float32(settings.pop("drive", 0.0)) * node.threshold
            plain = node.replace(neuron=PLAIN, settings=settings)
            graph = with_bias(_with(graph, [plain]), node.name, np.asarray(drive))
        elif node.neuron == "rate_coder":
            graph = _with(graph, [node.replace(neuron=PLAIN)])
    return graph


def losses(graph: Graph, timesteps: int) -> list[Loss]:
    """What would be lost of a network of plain words, run for T steps."""
    rates, clock = graph.of_kind(Rate), graph.clock
    found = [
        Loss(
            "look-ahead",
            _names(rates, lambda n: n.neuron == "paced"),
            "neurons that fire at once",
            "convert with -o lookahead 0, or another method",
            _made_plain(("paced",), dataclasses.replace(clock, lookahead=0)),
        ),
        Loss(
            "pre-steps",
            _names(rates, lambda n: n.neuron in PRE_RUN),
            "the same potentials for every input",
            "convert with another method than srp or cos",
            _made_plain(PRE_RUN, Clock(delay=clock.delay)),
        ),
        Loss(
            "coding compensation",
            _names(rates, lambda n: n.neuron == "compensated_coder"),
            "spikes of the input without the rest that they lose",
            "convert with another method than ic_snn",
            _made_plain(("compensated_coder",), clock),
        ),
        Loss(
            "negative spikes",
            _names(rates, lambda n: n.negative_threshold is not None),
            "neurons that send positive spikes only",
            "convert with a method of unsigned spikes (data_norm, paced)",
            _changed(negative_threshold=None),
        ),
        Loss(
            "graded spikes",
            _names(rates, lambda n: _graded(n.max_coefficient)),
            "one spike in a step at most",
            "convert with a method of binary spikes (data_norm), or -o levels 1",
            _changed(max_coefficient=1.0),
        ),
        Loss(
            "initial potential",
            _names(rates, _starts_above),
            f"V(0) / {timesteps} as a current in each of the {timesteps} steps",
            "convert with -o initial_potential 0",
            _spread_out(timesteps),
        ),
        Loss(
            "max pooling",
            _names(graph.of_kind(Max), lambda n: True),
            "average pooling",
            "use average pooling in the ANN",
            _averaged,
        ),
        Loss(
            "bfloat16",
            _names(graph.of_kind(Linear), lambda n: n.precision != "float32"),
            "the same weights, products in float32",
            "convert with -o precision float32",
            _in_float32,
        ),
    ]
    return [loss for loss in found if loss.nodes]


def with_bias(graph: Graph, name: str, bias: np.ndarray) -> Graph:
    """The graph with a constant current into a node, in the bias before it.

    Where no weights are that only this node reads, an affine node is put in. A bias for
    each place, which NIR has not, is averaged over the places.
    """
    node = graph[name]
    if bias.ndim > 1:
        bias = bias.reshape(-1, bias.shape[-1]).mean(0)
    bias = np.array(np.broadcast_to(bias, node.shape[-1:]), np.float32)
    if not bias.any():
        return graph
    consumers = graph.consumers()
    before: Any = graph[node.inputs[0]]
    reader = node
    while isinstance(before, Merge) and before.form == "add" and not before.repeats:
        if consumers[before.name] != [reader]:
            break
        summands = [graph[summand] for summand in before.inputs]
        weights = [n for n in summands if _takes(n, before, consumers)]
        before, reader = (weights or summands)[0], before
    if _takes(before, reader, consumers):
        total = bias if before.bias is None else np.asarray(before.bias) + bias
        return _with(graph, [before.replace(bias=total.astype(np.float32))])
    ones = np.ones(node.shape[-1], np.float32)
    put_in = Affine(f"{name}_bias", node.inputs[:1], node.shape, gain=ones, offset=bias)
    nodes: list[Node] = []
    for other in graph:
        if other.name == name:
            nodes += [put_in, other.replace(inputs=(put_in.name,))]
        else:
            nodes.append(other)
    return dataclasses.replace(graph, nodes=tuple(nodes))


def _takes(node: Node, reader: Node, consumers: Mapping[str, list[Node]]) -> bool:
    return isinstance(node, Linear) and consumers[node.name] == [reader]


def _with(graph: Graph, changed: Iterable[Node]) -> Graph:
    """The graph with these nodes in place of those of their names."""
    by_name = {node.name: node for node in changed}
    nodes = tuple(by_name.get(node.name, node) for node in graph)
    return dataclasses.replace(graph, nodes=nodes)


def _names(nodes: Iterable[Any], has: Callable[[Any], bool]) -> tuple[str, ...]:
    return tuple(node.name for node in nodes if has(node))


def _graded(most: Any) -> bool:
    return most is None or bool(np.any(np.asarray(most) > 1))


def _starts_above(node: Any) -> bool:
    subtracts = node.settings.get("reset", "subtract") == "subtract"
    return subtracts and bool(np.any(np.asarray(node.initial_potential)))


def _made_plain(kinds: tuple[str, ...], clock: Clock) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        rates = [node for node in graph.of_kind(Rate) if node.neuron in kinds]
        plain = [node.replace(neuron=PLAIN, settings={}) for node in rates]
        return dataclasses.replace(_with(graph, plain), clock=clock)

    return change


def _changed(**fields: Any) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        return _with(graph, [n.replace(**fields) for n in graph.of_kind(Rate)])

    return change


def _spread_out(timesteps: int) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        for node in graph.of_kind(Rate):
            if _starts_above(node):
                start = np.asarray(node.initial_potential, np.float32)
                graph = _with(graph, [node.replace(initial_potential=0.0)])
                graph = with_bias(graph, node.name, start / timesteps)
        return graph

    return change


def _averaged(graph: Graph) -> Graph:
    return _with(
        graph,
        [
            Average(n.name, n.inputs, n.shape, n.size, n.strides, n.padding)
            for n in graph.of_kind(Max)
        ],
    )


def _in_float32(graph: Graph) -> Graph:
    return _with(graph, [n.replace(precision="float32") for n in graph.of_kind(Linear)])
