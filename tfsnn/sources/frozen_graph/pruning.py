"""Taking out of a graph what only led to operations that have gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from tfsnn.sources.saved_model.program import inputs


def pruned(graph_def: Any, unneeded: Iterable[str]) -> Any:
    """Return a graph without operations that nothing reads, and what led to them alone.

    Args:
        graph_def: the graph, a ``GraphDef``.
        unneeded: names of the operations to take out where nothing reads them.
    """
    count: Counter[str] = Counter()
    for node in graph_def.node:
        count.update(split(text)[0] for text in inputs(node))
    left = {node.name: node for node in graph_def.node}
    waiting = [n for n in dict.fromkeys(unneeded) if n in left and not count[n]]
    while waiting:
        for text in inputs(left.pop(waiting.pop())):
            name = split(text)[0]
            count[name] -= 1
            if not count[name] and name in left:
                waiting.append(name)
    kept = tf.compat.v1.GraphDef(versions=graph_def.versions)
    kept.library.CopyFrom(graph_def.library)
    kept.node.extend(left.values())
    return kept


def split(text: str) -> tuple[str, int]:
    """Return the operation that a tensor is of, and the index of the output."""
    name, _, number = text.lstrip("^").partition(":")
    return name, int(number) if number.isdecimal() and len(number) < 9 else 0
