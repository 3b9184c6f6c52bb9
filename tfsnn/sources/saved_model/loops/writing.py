"""Writing a loop out: one call of its step behind the other."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfsnn.sources.saved_model.loops.reading import VARIANT, Loop
from tfsnn.sources.saved_model.program import Place, Program, inputs

STEP = "step"
# What a step passes on that reads or writes a place of a list: the argument's number.
PASSED = {"TensorListGetItem": 0, "TensorListSetItem": 2}
LISTS = ("TensorListFromTensor", "TensorListReserve", "Identity")


class Written:
    """A loop as it stands in a graph of calls of its step.

    Attributes:
        loop: the loop.
        step: the name of its step's function.
        kinds: types of the places of its sequences, by argument.
        function: the name of the function that holds it, "" for the graph.
        stacks: operations that hold what was written, each with the argument.
    """

    def __init__(self, loop: Loop, step: str, kinds: dict[int, int]) -> None:
        """Take a loop; nothing is written yet."""
        self.loop, self.step, self.kinds = loop, step, kinds
        self.function = loop.place.body.name
        self.stacks: list[tuple[str, int]] = []

    @property
    def name(self) -> str:
        """The name of the loop's node."""
        return self.loop.node.name

    def tensor(self, node: str, index: int) -> str:
        """Return a tensor as nodes beside the loop name it."""
        return f"{self.name}/{node}:{'output:' if self.function else ''}{index}"

    def before(self, i: int) -> str:
        """Return the tensor that the loop is given as an argument."""
        return inputs(self.loop.node)[i]

    def after(self, step: int, i: int) -> str:
        """Return what a step leaves of an argument."""
        return self.tensor(f"{STEP}_{step}", i)

    def call(self, name: str, given: list[str]) -> Any:
        """Return a call of the step."""
        node = tf.compat.v1.NodeDef(name=f"{self.name}/{name}", op="PartitionedCall")
        node.attr["f"].func.name = self.step
        node.input.extend(given)
        return node

    def argument(self, i: int) -> str:
        """Return what the step by itself is given: a placeholder, or what all are."""
        if i in self.loop.sequences or i in self.loop.states:
            return self.tensor(f"argument_{i}", 0)
        return self.before(i)

    def alone(self, i: int) -> str:
        """Return what the step by itself leaves of an argument."""
        return self.tensor(STEP, i)

    def add_alone(self, place: Place) -> None:
        """Add one more step to the nodes beside the loop, the step by itself."""
        added = []
        for i in (*self.loop.sequences, *self.loop.states):
            node = tf.compat.v1.NodeDef(
                name=f"{self.name}/argument_{i}", op="Placeholder"
            )
            kinds = self.loop.node.attr["T"].list.type
            node.attr["dtype"].type = self.kinds.get(i, kinds[i])
            added.append(node)
        count = len(inputs(self.loop.node))
        added.append(self.call(STEP, [self.argument(i) for i in range(count)]))
        for node in added:
            place.body.order[node.name] = len(place.body.order)
            place.body.nodes[node.name] = node


def written_out(program: Program, graph_def: Any, loop: Loop) -> tuple[Any, Written]:
    """Write a loop out.

    Args:
        program: the graph and its functions.
        graph_def: the same as a ``GraphDef``, which is changed.
        loop: the loop, in the graph or a function.

    Returns:
        The graph, and what has taken the loop's place.
    """
    kinds = {i: _element(program, loop, i) for i in loop.sequences}
    functions = {f.signature.name: f for f in graph_def.library.function}
    step = _pure_step(graph_def, functions, loop)
    written = Written(loop, step, kinds)
    holder = functions.get(written.function)
    nodes = holder.node_def if holder else graph_def.node
    _redirect(nodes, holder, loop.place, written)
    kept = _without(nodes, written)
    del nodes[:]
    nodes.extend(kept)
    for i, tensor in loop.sequences.items():
        node = nodes.add(name=f"{written.name}/places_{i}", op="Unpack")
        node.input.append(tensor)
        node.attr["num"].i, node.attr["axis"].i = loop.count, 0
        node.attr["T"].type = kinds[i]
    for k in range(loop.count):
        given = [_argument(written, k, i) for i in range(len(inputs(loop.node)))]
        nodes.append(written.call(f"{STEP}_{k}", given))
    return graph_def, written


def _without(nodes: Any, written: Written) -> list[Any]:
    """Return the nodes without the loop, and without lists that it alone has read."""
    kept = {node.name: node for node in nodes}
    waiting = [written.name]
    while waiting:
        gone = kept.pop(waiting.pop())
        read = {text.partition(":")[0] for node in kept.values() for text in node.input}
        for name in {text.partition(":")[0] for text in inputs(gone)}:
            node = kept.get(name)
            if node is not None and name not in read and node.op in LISTS:
                waiting.append(name)
    return list(kept.values())


def _argument(written: Written, k: int, i: int) -> str:
    """Return what a step is given."""
    loop = written.loop
    if i in loop.sequences:
        return written.tensor(f"places_{i}", k)
    if k and i in loop.states:
        return written.after(k - 1, i)
    return written.before(i)


def _element(program: Program, loop: Loop, i: int) -> int:
    """Return the type of the values of a sequence."""
    given = program.source(loop.place, inputs(loop.node)[i])
    return program.origin(given).node.attr["element_dtype"].type


def _pure_step(graph_def: Any, functions: Any, loop: Loop) -> str:
    """Add the step as a function of places in the stead of lists; return its name."""
    original = functions[loop.node.attr["body"].func.name]
    name, count = f"{original.signature.name}/{STEP}", 1
    while name in functions:
        count += 1
        name = f"{original.signature.name}/{STEP}_{count}"
    step = graph_def.library.function.add()
    step.CopyFrom(original)
    step.signature.name = name
    nodes = {node.name: node for node in step.node_def}
    for node in nodes.values():
        place = PASSED.get(node.op)
        if place is not None:
            _pass(node, inputs(node)[place], node.attr["element_dtype"].type)
    for node in nodes.values():  # identities of lists are those of places now
        passed = [node]
        while passed[-1].op == "Identity" and passed[-1].attr["T"].type == VARIANT:
            before = nodes.get(inputs(passed[-1])[0].partition(":")[0])
            if before is None or before in passed:
                break
            passed.append(before)
        for each in passed[:-1]:
            each.attr["T"].type = passed[-1].attr["T"].type
    return name


def _pass(node: Any, tensor: str, kind: int) -> None:
    """Make a node pass a tensor on."""
    node.op = "Identity"
    del node.input[:]
    node.input.append(tensor)
    node.attr.clear()
    node.attr["T"].type = kind


def _redirect(nodes: Any, holder: Any, place: Place, written: Written) -> None:
    """Have what reads the loop read the last step, and lists be stacks of places."""
    loop, last = written.loop, written.loop.count - 1

    def index(text: str) -> int | None:
        name, *rest = text.split(":")
        if name != written.name:
            return None
        return int(rest[-1]) if rest else 0

    for node in nodes:
        if node.op == "TensorListStack":
            source = _through_identities(place, inputs(node)[0])
            i = index(source)
            if i is not None and i in loop.written:
                every = range(loop.count) if loop.written[i] else (last,)
                kind = node.attr["element_dtype"].type
                node.op = "Pack"
                del node.input[:]
                node.input.extend(written.after(k, i) for k in every)
                node.attr.clear()
                node.attr["N"].i, node.attr["T"].type = len(every), kind
                written.stacks.append((node.name, i))
                continue
        for position, text in enumerate(node.input):
            if text == f"^{written.name}":
                node.input[position] = f"^{written.name}/{STEP}_{last}"
            elif (i := index(text)) is not None:
                node.input[position] = _after_the_loop(written, i)
    for key, text in holder.ret.items() if holder else ():
        if (i := index(text)) is not None:
            holder.ret[key] = _after_the_loop(written, i)


def _after_the_loop(written: Written, i: int) -> str:
    """Return what is left of an argument behind the loop."""
    loop = written.loop
    if i in loop.sequences:
        return written.before(i)
    return written.after(loop.count - 1, i)


def _through_identities(place: Place, text: str) -> str:
    nodes = place.body.nodes
    for _ in range(len(nodes)):
        node = nodes.get(text.partition(":")[0])
        if node is None or node.op != "Identity":
            break
        text = inputs(node)[0]
    return text
