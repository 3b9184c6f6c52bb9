"""Reading a loop as data: how many steps it has, and what becomes of each argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.sources.saved_model.program import Body, Place, Program, Source, inputs

LOOPS = ("While", "StatelessWhile")
VARIANT = tf.variant.as_datatype_enum
INTEGERS = (tf.int32.as_datatype_enum, tf.int64.as_datatype_enum)

# Returns the integer that a tensor holds whatever the input, None if there is none.
Integer = Callable[[Source], int | None]


@dataclass(frozen=True)
class Loop:
    """A loop over the places of sequences.

    Its arguments are numbered as those of its functions.

    Attributes:
        place: where it is.
        node: the ``While``.
        count: the number of its steps.
        sequences: by argument, the tensor ``(L, ...)`` whose place each step reads.
        written: by argument, whether each step writes a place of its own; else all
            write the same one, and the last remains.
        states: the arguments that a step computes from those of the step before.
    """

    place: Place
    node: Any
    count: int
    sequences: dict[int, str] = field(default_factory=dict)
    written: dict[int, bool] = field(default_factory=dict)
    states: list[int] = field(default_factory=list)


def read_loop(program: Program, source: Source, integer: Integer) -> Loop | None:
    """Read a loop; None if it is of another form, or its steps cannot be counted."""
    node = source.node
    names = [node.attr[key].func.name for key in ("cond", "body")]
    if node.op not in LOOPS or any(name not in program.functions for name in names):
        return None
    cond, body = map(program.body, names)
    if not len(body.arguments) == len(body.results) == len(inputs(node)):
        return None
    reader = _Reader(program, source, body, integer)
    count = reader.count(cond)
    if count is None or count < 1:
        return None
    loop = Loop(source.place, node, count)
    return loop if all(reader.read(i, loop) for i in range(len(inputs(node)))) else None


class _Reader:
    """The arguments of one loop."""

    def __init__(
        self, program: Program, source: Source, body: Body, integer: Integer
    ) -> None:
        self._program = program
        self._source = source
        self._body = body
        self._integer = integer
        self._kinds = list(source.node.attr["T"].list.type)
        self._returned = [_local(body, body.returns[name]) for name in body.results]
        self._names = list(body.arguments)
        self._readers: dict[str, list[tuple[Any, int]]] = {}
        for node in body.nodes.values():
            for i, text in enumerate(inputs(node)):
                self._readers.setdefault(_local(body, text), []).append((node, i))

    def count(self, cond: Body) -> int | None:
        """Return the number of steps, from a condition of counters below bounds."""
        found = []
        waiting = [cond.returns[cond.results[0]]]
        while waiting:
            text = _local(cond, waiting.pop())
            node = cond.nodes.get(text.partition(":")[0])
            if node is not None and node.op == "LogicalAnd":
                waiting += inputs(node)
                continue
            if node is None or node.op != "Less":
                return None
            counter, bound = (_local(cond, each) for each in inputs(node))
            if counter not in cond.arguments:
                return None
            start = self.start(cond.arguments[counter])
            end = self._bound(cond, bound)
            if start is None or end is None:
                return None
            found.append(end - start)
        return min(found)

    def start(self, i: int) -> int | None:
        """Return where a counter begins; None if the argument is none."""
        if self._kinds[i] not in INTEGERS:
            return None
        node = self._node(self._returned[i])
        if node is None or node.op not in ("AddV2", "Add"):
            return None
        a, b = (_local(self._body, text) for text in inputs(node))
        if (a if self._one(b) else b if self._one(a) else "") != self._names[i]:
            return None
        return self._integer(self._given(i))

    def read(self, i: int, loop: Loop) -> bool:
        """Note what becomes of an argument; return whether that is known."""
        if self._kinds[i] != VARIANT:
            if not self._kept(i) and self.start(i) is None:
                loop.states.append(i)
            return True
        origin = self._given(i)
        if self._kept(i):
            if origin.node.op == "TensorListFromTensor" and self._reads_places(i):
                if origin.place is not loop.place:
                    return False
                loop.sequences[i] = inputs(origin.node)[0]
                return True
            return not self._readers.get(self._names[i])
        node = self._node(self._returned[i])
        if node is None or node.op != "TensorListSetItem":
            return False
        array, index, _ = (_local(self._body, text) for text in inputs(node))
        once = len(self._readers[self._names[i]]) == 1
        if array != self._names[i] or not once or origin.node.op != "TensorListReserve":
            return False
        size = self._integer(self._program.read(origin, 1))
        loop.written[i] = self._counts(index)
        if loop.written[i]:
            return size == loop.count
        return size == 1 and self._constant(index) == 0

    def _reads_places(self, i: int) -> bool:
        """Whether each step reads its place of a list, and no more."""
        return all(
            node.op == "TensorListGetItem"
            and position == 0
            and self._counts(_local(self._body, inputs(node)[1]))
            for node, position in self._readers.get(self._names[i], ())
            if node.op != "Identity"
        )

    def _counts(self, text: str) -> bool:
        """Whether a tensor of the step is the number of the step, from 0 on."""
        place = self._body.arguments.get(text)
        return place is not None and self.start(place) == 0

    def _kept(self, i: int) -> bool:
        return self._returned[i] == self._names[i]

    def _given(self, i: int) -> Source:
        source = self._program.source(self._source.place, inputs(self._source.node)[i])
        return self._program.origin(source)

    def _bound(self, cond: Body, text: str) -> int | None:
        if text in cond.arguments:
            i = cond.arguments[text]
            return self._integer(self._given(i)) if self._kept(i) else None
        return _value(cond.nodes.get(text.partition(":")[0]))

    def _node(self, text: str) -> Any:
        return self._body.nodes.get(text.partition(":")[0])

    def _constant(self, text: str) -> int | None:
        return _value(self._node(text))

    def _one(self, text: str) -> bool:
        return self._constant(text) == 1


def _local(body: Body, text: str) -> str:
    """Follow identities within a function back to what they pass on."""
    for _ in range(len(body.nodes)):
        node = body.nodes.get(text.partition(":")[0])
        if text in body.arguments or node is None or node.op != "Identity":
            break
        text = inputs(node)[0]
    return text


def _value(node: Any) -> int | None:
    """Return the integer that a constant holds."""
    if node is None or node.op != "Const" or node.attr["dtype"].type not in INTEGERS:
        return None
    tensor = node.attr["value"].tensor
    if tensor.tensor_shape.dim:
        return None
    return int(np.asarray(tf.make_ndarray(tensor)))
