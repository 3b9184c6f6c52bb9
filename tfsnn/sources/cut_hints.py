"""What stands before or behind the network, and by which name it is left out.

Networks often begin with look-ups of text, and end with decisions and post-processing.
Layers cannot express either, but the network between them is whole.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Stage:
    """A layer or an operation, as far as it matters where a network begins and ends.

    Attributes:
        name: how a user names it.
        weighs: whether it has weights or products: a network is what lies between the
            first and the last of these.
        reads: keys of those that it reads.
        live: whether it depends on an input.
    """

    name: str
    weighs: bool
    reads: Sequence[Hashable]
    live: bool = True


def ways_out(
    stages: Mapping[Hashable, Stage], refused: Collection[Hashable]
) -> dict[Any, str]:
    """Tell how refused layers or operations at the ends of a network are left out.

    Args:
        stages: the layers or operations, each behind those that it reads.
        refused: keys of those that are refused.

    Returns:
        By key, for those next to the network, what a message adds to its reason.
    """
    behind: dict[Hashable, bool] = {}  # whether weights lie before an operation
    for key, stage in stages.items():
        behind[key] = any(
            behind.get(k, False) or stages[k].weighs for k in stage.reads if k in stages
        )
    before: dict[Hashable, bool] = dict.fromkeys(stages, False)
    heads_after: set[Hashable] = set()
    for key, stage in reversed(list(stages.items())):
        is_head = key in refused and before[key] and not behind[key]
        for k in stage.reads:
            if k in stages:
                before[k] |= before[key] or stage.weighs
                if is_head or key in heads_after:
                    heads_after.add(k)
    ways: dict[Hashable, str] = {}
    tails: set[Hashable] = set()
    for key, stage in stages.items():
        if any(k in tails for k in stage.reads):
            tails.add(key)
        if key not in refused or not stage.live:
            continue
        if before[key] and not behind[key] and key not in heads_after:
            ways[key] = (
                f"; or leave it and what is before it out, with inputs={stage.name!r} "
                f"of load_model or tfsnn.part (--from {stage.name})"
            )
        elif behind[key] and not before[key] and key not in tails:
            given = [stages[k] for k in stage.reads if k in stages and stages[k].live]
            if given:
                ways[key] = (
                    f"; or end the network before it, with outputs={given[0].name!r} "
                    f"of load_model or tfsnn.part (--to {given[0].name})"
                )
            tails.add(key)
    return ways
