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

from tfsnn.network.clock import RATE_CLOCK
from tfsnn.network.graph import Graph, Node
from tfsnn.network.neurons import Leaky, Lost, Neuron, Never, Written
from tfsnn.network.nodes import Affine, Average, Linear, Max, Merge, Rounded, Spiking


@dataclass(frozen=True)
class Loss:
    """A property of the network that a NIR file leaves out.

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
        """Return what is lost as a JSON-ready dict, without the change."""
        return {
            "what": self.what,
            "nodes": list(self.nodes),
            "instead": self.instead,
            "way_out": self.way_out,
        }


def in_other_words(graph: Graph) -> Graph:
    """Return the same network in integrate-and-fire neurons, where those do the same.

    A constant current of the neurons (`driven`) goes into the biases, and neurons with
    a `leak` are leaky ones. A coder sends
    what a neuron at its input sends, as long as the sum of its input does not round.
    """
    for node in graph.of_kind(Spiking):
        form, plain = node.population.in_nir(), node.neuron == Neuron.kind
        if form == Written() and not plain:
            graph = _in_plain_neurons(graph, node)
        elif form == Written(neuron="LIF") and plain:
            graph = _with(graph, [_leaky(node)])
    return graph


def losses(graph: Graph, timesteps: int) -> list[Loss]:
    """Return what NIR loses of a network of :func:`in_other_words`, run for T steps.

    Neurons that cannot be written at all are left out.
    """
    rates = [node for node in graph.of_kind(Spiking) if not _is_never(node)]
    found = [
        *_losses_of_kinds(rates),
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
            "saturation",
            _names(rates, lambda n: n.settings.get("width") is not None),
            "potentials that have no ends",
            "convert with more potential_bits",
            _unbounded,
        ),
        Loss(
            "rounding of the input",
            _names(graph.of_kind(Rounded), lambda n: not _pixels(n)),
            "the input as it is, times the integers of a unit",
            "give the network 8-bit images, which are integers already",
            _unrounded,
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
            _names(graph.of_kind(Linear), lambda n: n.precision == "bfloat16"),
            "the same weights, products in float32",
            "convert with -o precision float32",
            _in_float32,
        ),
    ]
    return [loss for loss in found if loss.nodes]


def with_bias(graph: Graph, name: str, bias: np.ndarray) -> Graph:
    """Return the graph with a constant current into a node, in the bias before it.

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


def _is_never(node: Spiking) -> bool:
    return isinstance(node.population.in_nir(), Never)


def _lost(node: Spiking) -> tuple[Lost, ...]:
    """Return what the neurons of a node do that NIR's IF does not."""
    said = node.population.in_nir()
    return () if isinstance(said, Never) else said.lost


def _losses_of_kinds(rates: Iterable[Spiking]) -> list[Loss]:
    nodes: dict[Lost, list[str]] = {}
    for node in rates:
        for lost in _lost(node):
            nodes.setdefault(lost, []).append(node.name)
    return [
        Loss(lost.what, tuple(names), lost.instead, lost.way_out, _without(lost))
        for lost, names in nodes.items()
    ]


def _without(lost: Lost) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        for node in graph.of_kind(Spiking):
            if lost in _lost(node):
                graph = _in_plain_neurons(graph, node)
        usual = {name: getattr(RATE_CLOCK, name) for name in lost.clock}
        clock = dataclasses.replace(graph.clock, **usual)
        return dataclasses.replace(graph, clock=clock)

    return change


def _in_plain_neurons(graph: Graph, node: Spiking) -> Graph:
    """Return the graph with plain neurons in a node, their drive in a bias."""
    drive = np.float32(node.population.drive) * node.threshold
    kept = {k: v for k, v in node.settings.items() if k in Neuron.parameters()}
    plain = node.replace(neuron=Neuron.kind, settings=kept)
    return with_bias(_with(graph, [plain]), node.name, np.asarray(drive))


def _leaky(node: Spiking) -> Spiking:
    """Return neurons with a leak as leaky ones."""
    kept = {"decay": 1 - node.settings["leak"]}
    if "reset" in node.settings:
        kept["reset"] = node.settings["reset"]
    return node.replace(neuron=Leaky.kind, settings=kept)


def _takes(node: Node, reader: Node, consumers: Mapping[str, list[Node]]) -> bool:
    return isinstance(node, Linear) and consumers[node.name] == [reader]


def _with(graph: Graph, changed: Iterable[Node]) -> Graph:
    """Return the graph with these nodes in place of those of their names."""
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


def _changed(**fields: Any) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        return _with(graph, [n.replace(**fields) for n in graph.of_kind(Spiking)])

    return change


def _spread_out(timesteps: int) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        for node in graph.of_kind(Spiking):
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


def _unbounded(graph: Graph) -> Graph:
    changed = []
    for node in graph.of_kind(Spiking):
        kept = {k: v for k, v in node.settings.items() if k != "width"}
        changed.append(node.replace(settings=kept))
    return _with(graph, changed)


def _pixels(node: Rounded) -> bool:
    """Whether the values of 8-bit images are integers of an input already."""
    return node.step in (1.0, 1 / 255) and (node.low, node.high) == (0, 255)


def _unrounded(graph: Graph) -> Graph:
    """Return the graph with gains in place of rounded inputs."""
    return _with(
        graph,
        [
            Affine(n.name, n.inputs, n.shape, gain=np.float32(n.unit / n.step))
            for n in graph.of_kind(Rounded)
        ],
    )


def _in_float32(graph: Graph) -> Graph:
    return _with(graph, [n.replace(precision="float32") for n in graph.of_kind(Linear)])
