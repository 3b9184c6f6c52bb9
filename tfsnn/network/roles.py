"""What each node is in the spiking network: spiking, linear or a running sum.

* "spiking": neurons, and max pooling of spikes: integers in, integers out;
* "linear": synapses and whatever else is linear: exact over time, without a state;
* "running sum": it sends analog values of either sign
(:mod:`tfsnn.simulation.running_sum`).

Input, constants and readouts count as linear.
"""

from __future__ import annotations

from collections.abc import Mapping

from tfsnn.errors import UnsupportedError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import (
    Constant,
    Function,
    Linear,
    Lookup,
    Rate,
    Readout,
    RunningSum,
)

SPIKING, LINEAR, RUNNING_SUM = ROLES = ("spiking", "linear", "running sum")


def spiking_nodes(graph: Graph) -> set[str]:
    """The nodes whose outputs are events: spikes, or spikes passed on."""
    spiking: set[str] = set()
    for node in graph:
        passed_on = node.inputs and set(node.inputs) <= spiking
        analog = isinstance(node, Linear | Lookup | Constant | Function)
        if isinstance(node, Rate) or (passed_on and not analog):
            spiking.add(node.name)
    return spiking


def roles(graph: Graph) -> dict[str, str]:
    """The role of each node, by name."""
    spiking = spiking_nodes(graph)
    found = {}
    for node in graph:
        if isinstance(node, Rate | RunningSum):
            found[node.name] = SPIKING if node.name in spiking else RUNNING_SUM
        else:
            found[node.name] = LINEAR
    return found


def needs_all_steps(graph: Graph) -> bool:
    """Return whether the graph can be simulated layer by layer only."""
    populations = (node.population for node in graph.of_kind(Rate))
    clock = graph.clock
    return bool(clock.pre_steps) or clock.base > 1 or any(p.whole for p in populations)


def constant_nodes(graph: Graph) -> set[str]:
    """Return the names of the nodes whose values do not change over time.

    They are those that a constant input reaches before any neuron.
    """
    constant: set[str] = set()
    for node in graph:
        changes = isinstance(node, Rate | Readout)
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
