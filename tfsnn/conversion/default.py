"""The method of a conversion that asks for none: it depends on the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate
from tfsnn_numpy.defaults import ONE_SPIKE_METHOD, QUANTISED_METHOD

MOST_BITS = 10  # digits that the method of quantised networks sends at most


def default_method(graph: Graph) -> tuple[str, Mapping[str, Any]]:
    """Return a method's name and its options for a network.

    A network all of whose activations are quantised is given a digit for each of their
    bits, which loses nothing; any other one spike for each neuron, which costs least
    (``benchmarks/accuracy/default_method.py``).
    """
    bits = activation_bits(graph)
    if bits is None or bits > MOST_BITS:
        return ONE_SPIKE_METHOD, {}
    return QUANTISED_METHOD, {"timesteps": bits}


def activation_bits(graph: Graph) -> int | None:
    """Return the most bits of an activation; None if one, or all, are not quantised."""
    found = [node.rounding for node in graph.of_kind(Rate)]
    if not found or None in found:
        return None
    return max(rounding.bits for rounding in found)


def without_loss(graph: Graph, exact: bool) -> str:
    """Return what a report says of quantised activations; "" where some are not.

    Args:
        graph: the graph of the ANN.
        exact: whether the plan computes the very same numbers.
    """
    bits = activation_bits(graph)
    if bits is None:
        return ""
    head = f"activations of {bits} bit{'s' * (bits > 1)}"
    if exact:
        return f"{head}: converted without loss"
    ways = f"graded:{bits} spikes with T=1 (augmapping -o levels {2**bits - 1})"
    if bits <= MOST_BITS:
        ways = f"radix with T={bits}, or {ways},"
    return f"{head}: {ways} would convert them without loss"
