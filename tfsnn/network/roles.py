"""The role of each node in the spiking network: spiking, linear or a running sum.

* "spiking": neurons, and max pooling of spikes: integers in, integers out;
* "linear": synapses and whatever else is linear: exact over time, without a state;
* "running sum": it sends analog values of either sign
(:mod:`tfsnn.network.running_sum`).

Input, constants and readouts count as linear. All of it follows from what the kinds of
nodes say of themselves (:mod:`tfsnn.network.node`).
"""

from __future__ import annotations

from collections.abc import Mapping

from tfsnn.errors import UnsupportedError
from tfsnn.network.graph import Graph

SPIKING, LINEAR, RUNNING_SUM = ROLES = ("spiking", "linear", "running sum")


def spiking_nodes(graph: Graph) -> set[str]:
    """Return the nodes whose outputs are events: spikes, or spikes passed on."""
    spiking: set[str] = set()
    for node in graph:
        reads_spikes = bool(node.inputs) and set(node.inputs) <= spiking
        if node.spikes or (node.passes_on and reads_spikes):
            spiking.add(node.name)
    return spiking


def roles(graph: Graph) -> dict[str, str]:
    """Return the role of each node, by name."""
    spiking = spiking_nodes(graph)
    found = {}
    for node in graph:
        if node.linear:
            found[node.name] = LINEAR
        else:
            found[node.name] = SPIKING if node.name in spiking else RUNNING_SUM
    return found


def needs_all_steps(graph: Graph) -> bool:
    """Return whether the graph can be simulated layer by layer only."""
    whole = any(node.needs_all_steps for node in graph)
    return whole or bool(graph.clock.pre_steps) or graph.clock.base > 1


def constant_nodes(graph: Graph) -> set[str]:
    """Return the names of the nodes whose values do not change over time.

    They are those that a constant input reaches before any neuron; outputs are not
    among them.
    """
    constant: set[str] = set()
    for node in graph:
        changes = node.spikes or node.name in graph.outputs
        if not changes and set(node.inputs) <= constant:
            constant.add(node.name)
    return constant


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
            "needs a running-sum node, which sends analog values: use ReLU, average "
            "pooling and sums in its place, or convert without strict",
        )
        for node in graph
        if found[node.name] == RUNNING_SUM
    }
    if problems:
        raise UnsupportedError(list(problems.values()))
