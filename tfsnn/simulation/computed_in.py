"""The precision that synapses are computed in here, where it is not their own."""

from __future__ import annotations

from dataclasses import replace

from tfsnn.hardware.bfloat16 import computes_in_bfloat16
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Linear

BFLOAT16, FLOAT32 = "bfloat16", "float32"
IN_FLOAT32 = (
    "bfloat16 synapses in float32, with the same weights: this machine has no "
    "instructions for bfloat16"
)


def computed_here(graph: Graph) -> Graph:
    """Return the graph as this machine computes it in the least time.

    Without instructions for bfloat16 its products take longer than those in float32.
    Weights are those of the network, rounded to bfloat16; currents are not rounded.
    """
    if not runs_otherwise(graph):
        return graph
    return replace(
        graph,
        nodes=tuple(
            node.replace(precision=FLOAT32) if _rounds(node) else node for node in graph
        ),
    )


def runs_otherwise(graph: Graph) -> bool:
    """Return whether this machine computes synapses of bfloat16 in float32."""
    return any(map(_rounds, graph)) and not computes_in_bfloat16()


def _rounds(node: object) -> bool:
    return isinstance(node, Linear) and node.precision == BFLOAT16
