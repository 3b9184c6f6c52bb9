"""Simplifications of the graph that leave its outputs unchanged, and their order."""

from __future__ import annotations

from collections.abc import Callable

from tfsnn.network.graph import Graph
from tfsnn.network.passes.channels_last import channels_last
from tfsnn.network.passes.drop_repeated_rate import drop_repeated_rate
from tfsnn.network.passes.flatten_channels_last import flatten_channels_last
from tfsnn.network.passes.fold_affine import fold_affine
from tfsnn.network.passes.pool_before_affine import pool_before_affine
from tfsnn.network.passes.pool_before_rate import pool_before_rate
from tfsnn.network.passes.quantised_rates import drop_rate_before_levels
from tfsnn.network.passes.read_head import read_head

PASSES: tuple[Callable[[Graph], Graph], ...] = (
    channels_last,  # what belongs together is next to each other, and channels last
    flatten_channels_last,  # dense weights may read them in this order as well
    fold_affine,  # batch norms and the like go into the weights of their neighbours
    pool_before_affine,  # spikes are pooled before a gain makes other values of them
    fold_affine,  # such a gain may have met weights behind the pooling
    drop_repeated_rate,  # a second ReLU would be a second population for nothing
    drop_rate_before_levels,  # the levels begin at 0: no neurons for a ReLU of its own
    pool_before_rate,  # fewer neurons, and the maximum is of exact currents
    read_head,  # a softmax at an output is no part of the spiking network
)


# The maximum of currents is an analog value; that of spikes is spikes again.
NOT_STRICT = (pool_before_rate,)


def simplify(graph: Graph, *, strict: bool = False) -> Graph:
    """Apply all passes in order; `strict` leaves out those that make running sums."""
    for simplification in PASSES:
        if not (strict and simplification in NOT_STRICT):
            graph = simplification(graph)
    return graph
