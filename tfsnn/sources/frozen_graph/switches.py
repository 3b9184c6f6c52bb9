"""Conditions of TensorFlow 1, decided where they ask a constant or a setting.

Layers that do something else in training are written as both, between a ``Switch`` and
a ``Merge``. They ask a constant, or a placeholder such as ``is_training``. Its value is
that of inference: under which nothing random is computed and no statistics of a batch,
or else its default, or else no, where its name says that it asks for training.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf

from tfsnn.sources.frozen_graph.pruning import pruned, split

SWITCHES, MERGES = ("Switch", "RefSwitch"), ("Merge", "RefMerge")
PASSES = ("Identity", "StopGradient", "Snapshot")
SETTINGS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
TRAINING = re.compile("train|learning_phase", re.IGNORECASE)
MOST_STEPS = 1000  # from a condition back to what it asks


def without_switches(graph_def: Any, fed: Collection[str] = ()) -> Any:
    """Return a graph without the conditions that are decided and what is never run.

    Args:
        graph_def: the graph, a ``GraphDef``.
        fed: names of the operations in whose place values are given.
    """
    graph = _Graph(graph_def)
    asked = {name: graph.asked(name, fed) for name in graph.switches}
    settings = {root: graph.setting(root, asked) for root, _ in asked.values()}
    open_outputs = {
        name: int(value != negated)
        for name, (root, negated) in asked.items()
        if (value := settings[root]) is not None
    }
    return graph.decided(open_outputs) if open_outputs else graph_def


class _Graph:
    """A graph with its conditions.

    What a switch lets through is the index of an output: 0 for no, 1 for yes.
    """

    def __init__(self, graph_def: Any) -> None:
        self._graph = graph_def
        self._nodes = {node.name: node for node in graph_def.node}
        self._readers = defaultdict(list)
        for node in graph_def.node:
            for text in node.input:
                self._readers[split(text)[0]].append(node)
        self.switches = [
            node.name
            for node in graph_def.node
            if node.op in SWITCHES and len(node.input) >= 2
        ]

    def asked(self, switch: str, fed: Collection[str]) -> tuple[str, bool]:
        """Return what a switch asks, and whether it is negated; "" if not known."""
        name, negated = split(self._nodes[switch].input[1])[0], False
        for _ in range(MOST_STEPS):
            node = self._nodes.get(name)
            if node is None or name in fed:
                break
            if node.op in SETTINGS or node.op == "Const":
                return name, negated
            if node.op not in (*PASSES, *SWITCHES, "LogicalNot") or not node.input:
                break
            negated ^= node.op == "LogicalNot"
            name = split(node.input[0])[0]
        return "", False

    def setting(self, name: str, asked: Mapping[str, tuple[str, bool]]) -> bool | None:
        """Return the value of what conditions ask; None if it is not known."""
        if not name:
            return None
        node = self._nodes[name]
        if node.op == "Const":
            return _boolean(node.attr["value"].tensor)
        dead_at = [
            self._dead({s: int(yes != n) for s, (r, n) in asked.items() if r == name})
            for yes in (False, True)
        ]
        trains = [
            any(_trains(self._nodes[each]) for each in dead_at[1 - i] - dead_at[i])
            for i in (0, 1)
        ]
        if trains[0] != trains[1]:
            return trains[0]
        if node.op == "PlaceholderWithDefault" and node.input:
            default = self._nodes.get(split(node.input[0])[0])
            if default is not None and default.op == "Const":
                return _boolean(default.attr["value"].tensor)
        return False if TRAINING.search(name.rpartition("/")[2]) else None

    def decided(self, open_outputs: Mapping[str, int]) -> Any:
        """Return the graph in which these switches have fallen away."""
        dead = self._dead(open_outputs)
        indexed = {
            name for n in self._graph.node for name, i in map(split, n.input) if i
        }
        decided = tf.compat.v1.GraphDef()
        decided.library.CopyFrom(self._graph.library)
        decided.versions.CopyFrom(self._graph.versions)
        for node in self._graph.node:
            if node.name in dead:
                continue
            live = [t for t in node.input if not _is_dead(t, dead, open_outputs)]
            merged = node.op in MERGES and len(live) == 1 and node.name not in indexed
            written = decided.node.add()
            written.CopyFrom(node)
            if merged or node.name in open_outputs:
                written.op = "Identity"
                written.attr.clear()
                written.attr["T"].CopyFrom(node.attr["T"])
                del written.input[:]
                written.input.append(live[0] if merged else node.input[0])
            for i, text in enumerate(written.input):
                name, _ = split(text)
                if name in open_outputs and text[:1] != "^":
                    written.input[i] = name
        left = [
            node.name
            for node in decided.node
            if self._readers[node.name]
            or any(split(text)[0] in open_outputs for text in node.input)
        ]
        return pruned(decided, left)

    def _dead(self, open_outputs: Mapping[str, int]) -> set[str]:
        """Return the names of the operations that are never run."""
        dead: set[str] = set()
        waiting = [node for name in open_outputs for node in self._readers[name]]
        while waiting:
            node = waiting.pop()
            if node.name in dead:
                continue
            given = [_is_dead(text, dead, open_outputs) for text in node.input]
            if all(given) if node.op in MERGES else any(given):
                dead.add(node.name)
                waiting += self._readers[node.name]
        return dead


def _trains(node: Any) -> bool:
    """Whether an operation is one of training."""
    if node.op.startswith("FusedBatchNorm"):
        return "is_training" not in node.attr or node.attr["is_training"].b
    return "Random" in node.op or node.op == "Multinomial"


def _is_dead(text: str, dead: set[str], open_outputs: Mapping[str, int]) -> bool:
    name, index = split(text)
    closed = text[:1] != "^" and open_outputs.get(name, index) != index
    return closed or name in dead


def _boolean(tensor: Any) -> bool | None:
    """Return the one value of a constant, None if it is not one yes or no."""
    if tensor.dtype != tf.bool.as_datatype_enum or tensor.tensor_shape.dim:
        return None
    if len(tensor.tensor_content) == 1:
        return tensor.tensor_content != b"\0"
    return tensor.bool_val[0] if len(tensor.bool_val) == 1 else None
