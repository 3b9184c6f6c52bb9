"""The role of each node in the spiking network: spiking, linear or a running sum.

* "spiking": neurons, and max pooling of single spikes: integers in, integers out;
* "linear": synapses and whatever else is linear: exact over time, without a state; and
  products of two spike trains;
* "running sum": it sends analog values of either sign
(:mod:`tfsnn.network.running_sum`).

Input, constants and readouts count as linear. All of it follows from what the kinds of
nodes say of themselves (:mod:`tfsnn.network.node`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tfsnn.errors import UnsupportedError
from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node

SPIKING, LINEAR, RUNNING_SUM = ROLES = ("spiking", "linear", "running sum")

IS_ANALOG = (
    "needs a running-sum node, which sends analog values: convert with few_spikes, "
    "whose neurons compute smooth activations, softmax, normalisation and products, "
    "use ReLU, average pooling and sums in its place, or convert without strict"
)
LOOPS = (
    "is one node that loops over the places of a sequence, and a running sum: a "
    "population has thresholds, statistics and spikes of its own, and a loop has one "
    "step for all places. Convert over time (over_time=True), where one element comes "
    "after the other and what is in the step can spike, give a shorter sequence, or "
    "convert without strict"
)
POOLS_OTHERS = (
    "needs a running-sum node, which sends analog values, for what it pools are not "
    "single spikes, but sums or averages of them, spikes of several sizes (as of a "
    "leaky ReLU), or digits: pool right behind a ReLU, with one scale for a layer (-o "
    "per layer) whose channels are mixed, use average pooling, or convert without "
    "strict"
)


class Events:
    """What the nodes of a graph send, found one after the other in its order.

    Attributes:
        spiking: the nodes whose outputs are events: spikes, or spikes passed on.
        constant: those whose values do not change over time: a constant input reaches
            them before any neuron; outputs are not among them.
    """

    def __init__(self, clock: Clock, outputs: Collection[str] = ()) -> None:
        """Take how the steps of the network count, and the names of its outputs."""
        self.clock, self.outputs = clock, outputs
        self.spiking: set[str] = set()
        self.constant: set[str] = set()
        self._integers: set[str] = set()

    def read(self, node: Node) -> None:
        """Find what a node sends, after those that it reads.

        Linear nodes pass on spikes of any size. A pooling sends values that it has
        found itself: they are spikes where it reads single spikes, integers or times,
        and all steps weigh alike, or it goes digit by digit; not behind a sum, an
        average or a gain.
        """
        reads = set(node.inputs)
        if node.joins_constants:
            reads -= self.constant
        if node.spikes:
            sends, whole = True, node.integers or self.clock.by_time
        else:
            whole = node.integers and reads <= self._integers
            pooled = whole and (self.clock.base == 1 or node.pools_digits)
            passes_on = node.passes_on and (node.linear or pooled)
            sends = passes_on and bool(reads) and reads <= self.spiking
        if sends:
            self.spiking.add(node.name)
        if sends and whole:
            self._integers.add(node.name)
        changes = node.spikes or node.name in self.outputs
        if not changes and set(node.inputs) <= self.constant:
            self.constant.add(node.name)

    def drive(self, node: Node) -> bool:
        """Return whether a node computes only where a spike that it reads arrives."""
        reads = set(node.inputs)
        if node.joins_constants:
            reads -= self.constant
        return node.event_driven and bool(reads) and reads <= self.spiking


def events(graph: Graph) -> Events:
    """Return what the nodes of a graph send."""
    found = Events(graph.clock, graph.outputs)
    for node in graph:
        found.read(node)
    return found


def spiking_nodes(graph: Graph) -> set[str]:
    """Return the nodes whose outputs are events: spikes, or spikes passed on."""
    return events(graph).spiking


def constant_nodes(graph: Graph) -> set[str]:
    """Return the names of the nodes whose values do not change over time.

    They are those that a constant input reaches before any neuron; outputs are not
    among them.
    """
    return events(graph).constant


def roles(graph: Graph) -> dict[str, str]:
    """Return the role of each node, by name."""
    known = events(graph)
    found = {}
    for node in graph:
        if node.linear or known.drive(node):
            found[node.name] = LINEAR
        else:
            spikes = node.name in known.spiking
            found[node.name] = SPIKING if spikes else RUNNING_SUM
    return found


def needs_all_steps(graph: Graph) -> bool:
    """Return whether the graph can be simulated layer by layer only."""
    whole = any(node.needs_all_steps for node in graph)
    return whole or bool(graph.clock.pre_steps) or graph.clock.base > 1


def _reason(node: Node) -> str:
    """Return why a node is a running sum, with the way out."""
    if node.label == "recurrence":
        return LOOPS
    return POOLS_OTHERS if node.passes_on else IS_ANALOG


def refuse_running_sums(graph: Graph) -> None:
    """Refuse a network that is not made of spikes and linear synapses alone.

    Raises:
        UnsupportedError: naming every layer that needs a running sum.
    """
    classes: Mapping[str, str] = {r.layer: r.layer_class for r in graph.layers}
    found = roles(graph)
    problems = {
        node.layer: (
            node.layer,
            classes.get(node.layer, type(node).__name__),
            _reason(node),
        )
        for node in graph
        if found[node.name] == RUNNING_SUM
    }
    if problems:
        raise UnsupportedError(list(problems.values()))
