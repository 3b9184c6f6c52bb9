"""What a signature computes, as the operations that lead to its outputs."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.kinds import SHAPE_READERS
from tfsnn.sources.saved_model.program import Program, Source, inputs

# Written out, a small file of functions that call each other twice has no end.
MOST_OPERATIONS = 2**16


@dataclass
class Step:
    """An operation that leads to an output, with the sources of what it reads."""

    source: Source
    reads: list[Source]
    live: bool = False


@dataclass
class Trace:
    """All operations that lead to the outputs, each behind those that it reads.

    Attributes:
        steps: the operations, by :attr:`Source.key`.
        fed: names of the signature's inputs by key and index of the tensor that is fed.
        outputs: where each output comes from, by name.
        circular: keys of the operations that read, in the end, their own output.
    """

    steps: dict[Any, Step] = field(default_factory=dict)
    fed: dict[Any, str] = field(default_factory=dict)
    outputs: dict[str, Source] = field(default_factory=dict)
    circular: list[Any] = field(default_factory=list)


def trace(
    program: Program,
    where: str,
    fed: Mapping[str, Source],
    fetched: Mapping[str, Source],
) -> Trace:
    """Find the operations that lead to outputs.

    Args:
        program: the graph and its functions.
        where: what is traced, for messages.
        fed: where the inputs are, by name.
        fetched: where the outputs are, by name.

    Raises:
        ModelError: if there are too many, or a tensor does not exist.
    """
    found = Trace(outputs=dict(fetched))
    for name, source in fed.items():
        found.fed[source.key, source.index] = name
    waiting = list(found.outputs.values())
    while waiting:
        source = waiting.pop()
        if source.key in found.steps or (source.key, source.index) in found.fed:
            continue
        reads = [program.source(source.place, text) for text in inputs(source.node)]
        found.steps[source.key] = Step(source, reads)
        waiting += reads
        if len(found.steps) > MOST_OPERATIONS:
            raise ModelError(
                f"{where} has more than {MOST_OPERATIONS:,} operations with all calls "
                "written out: export a smaller model"
            )
    ordered = _ordered(found)
    found.circular = [key for key in found.steps if key not in ordered]
    found.steps = ordered | {key: found.steps[key] for key in found.circular}
    for step in found.steps.values():
        step.live = step.source.node.op not in SHAPE_READERS and any(
            is_live(found, source) for source in step.reads
        )
    return found


def is_live(found: Trace, source: Source) -> bool:
    """Whether a tensor depends on the values of the inputs."""
    if (source.key, source.index) in found.fed:
        return True
    return found.steps[source.key].live


def _ordered(found: Trace) -> dict[Any, Step]:
    """Order the operations as the program has them, each behind those that it reads."""
    missing: dict[Any, int] = {}
    readers: dict[Any, list[Any]] = {}
    for key, step in found.steps.items():
        needed = {s.key for s in step.reads if s.key in found.steps}
        missing[key] = len(needed)
        for other in needed:
            readers.setdefault(other, []).append(key)
    ready = [
        (found.steps[key].source.order, key) for key, n in missing.items() if not n
    ]
    heapq.heapify(ready)
    ordered = {}
    while ready:
        _, key = heapq.heappop(ready)
        ordered[key] = found.steps[key]
        for reader in readers.get(key, ()):
            missing[reader] -= 1
            if not missing[reader]:
                heapq.heappush(ready, (found.steps[reader].source.order, reader))
    return ordered
