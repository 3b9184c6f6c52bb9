"""Simplifications of the graph that leave its outputs alone, and their order."""

from __future__ import annotations

from collections.abc import Callable

from tfsnn.graph import Graph
from tfsnn.passes.drop_repeated_rate import drop_repeated_rate
from tfsnn.passes.fold_affine import fold_affine
from tfsnn.passes.pool_before_rate import pool_before_rate

PASSES: tuple[Callable[[Graph], Graph], ...] = (
    fold_affine,  # batch norms and the like go into the weights of their neighbours
    drop_repeated_rate,  # a second ReLU would be a second population for nothing
    pool_before_rate,  # fewer neurons, and the maximum is of exact currents
)


def simplify(graph: Graph) -> Graph:
    """Apply all passes in order."""
    for simplification in PASSES:
        graph = simplification(graph)
    return graph
