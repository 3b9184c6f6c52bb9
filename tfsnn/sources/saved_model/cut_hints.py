"""What stands before or behind the network, and by which name it is left out.

Networks often begin with look-ups of text, and end with decisions and post-processing.
Layers cannot express either, but the network between them is whole.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

# Operations with weights or products: a network is what lies between the first and
# the last of them.
LINEAR = frozenset(
    (
        *("Conv2D", "Conv3D", "DepthwiseConv2dNative", "Conv2DBackpropInput"),
        *("Conv3DBackpropInputV2", "MatMul", "BatchMatMul", "BatchMatMulV2"),
        *("BatchMatMulV3", "Einsum", "_FusedConv2D", "_FusedConv3D", "_FusedMatMul"),
        *("_FusedDepthwiseConv2dNative", "FusedPadConv2D", "FusedResizeAndPadConv2D"),
    )
)


@dataclass(frozen=True)
class Node:
    """An operation of a graph: its name and type, and the keys of what it reads."""

    name: str
    kind: str
    reads: Sequence[Hashable]
    live: bool


def ways_out(nodes: Mapping[Hashable, Node], refused: set[Hashable]) -> dict:
    """Tell how refused operations at the ends of a network are left out.

    Args:
        nodes: the operations, each behind those that it reads.
        refused: keys of those that are refused.

    Returns:
        By key, for those next to the network, what a message adds to its reason.
    """
    behind: dict[Hashable, bool] = {}  # whether weights lie before an operation
    for key, node in nodes.items():
        behind[key] = any(
            behind.get(k, False) or nodes[k].kind in LINEAR
            for k in node.reads
            if k in nodes
        )
    before: dict[Hashable, bool] = dict.fromkeys(nodes, False)
    heads_after: set[Hashable] = set()
    for key, node in reversed(list(nodes.items())):
        is_head = key in refused and before[key] and not behind[key]
        for k in node.reads:
            if k in nodes:
                before[k] |= before[key] or node.kind in LINEAR
                if is_head or key in heads_after:
                    heads_after.add(k)
    ways: dict[Hashable, str] = {}
    tails: set[Hashable] = set()
    for key, node in nodes.items():
        if any(k in tails for k in node.reads):
            tails.add(key)
        if key not in refused or not node.live:
            continue
        if before[key] and not behind[key] and key not in heads_after:
            ways[key] = (
                f"; or leave it and what is before it out, with inputs={node.name!r} "
                f"of load_model (--from {node.name})"
            )
        elif behind[key] and not before[key] and key not in tails:
            given = [nodes[k] for k in node.reads if k in nodes and nodes[k].live]
            if given:
                ways[key] = (
                    f"; or end the network before it, with outputs={given[0].name!r} "
                    f"of load_model (--to {given[0].name})"
                )
            tails.add(key)
    return ways
