"""Which entry of a SavedModel's checkpoint belongs to which variable.

Since TensorFlow 2 the file lists its objects: a function's captured arguments are
objects, and the checkpoint holds the same tree of objects, with the entry of each
variable. Before that, the operation that restores the variables tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.file import message
from tfsnn.sources.saved_model.kinds import VARIABLES
from tfsnn.sources.saved_model.program import Place, Program, Source, inputs

ASSIGNMENTS = ("Assign", "AssignVariableOp")
VALUE = "VARIABLE_VALUE"
# The entry's name in the checkpoint and, where it is one part of an entry, which.
Entry = tuple[str, str]


def entries(meta_graph: Any, objects: bytes) -> dict[Any, Entry]:
    """Find the checkpoint's entry of each variable.

    Args:
        meta_graph: the graph, a ``MetaGraphDef``.
        objects: tree of objects in the checkpoint, b"" if it has none.

    Returns:
        The entries by :attr:`Source.key` of the variable's operation in the graph.

    Raises:
        ModelError: if one of the trees is damaged.
    """
    program = Program(meta_graph.graph_def)
    if objects and meta_graph.HasField("object_graph_def"):
        return _captured(program, meta_graph.object_graph_def, objects)
    if restore := meta_graph.saver_def.restore_op_name:
        return _restored(program, restore)
    return {}


def _captured(program: Program, saved: Any, objects: bytes) -> dict[Any, Entry]:
    """Find the entries of the variables that functions capture."""
    stored = message("TrackableObjectGraph")()
    try:
        stored.ParseFromString(objects)
    except DecodeError as error:
        raise ModelError(
            "the tree of objects in its checkpoint is damaged: export the model again"
        ) from error
    of_objects = _same_objects(saved.nodes, stored.nodes)
    found: dict[Any, Entry] = {}
    for node in program.graph.body.nodes.values():
        called = program.called(node)
        if called not in saved.concrete_functions:
            continue
        bound = saved.concrete_functions[called].bound_inputs
        captured = inputs(node)[-len(bound) :] if bound else []
        for text, number in zip(captured, bound, strict=False):
            if number in of_objects:
                variable = program.source(program.graph, text)
                found[variable.key] = of_objects[number], ""
    return found


def _same_objects(saved: Any, stored: Any) -> dict[int, str]:
    """Walk both trees of objects by name; return the entries of the saved variables."""
    entries_of: dict[int, str] = {}
    waiting, seen = [(0, 0)], {0}
    while waiting:
        number, other = waiting.pop()
        if not (0 <= number < len(saved) and 0 <= other < len(stored)):
            continue
        for attribute in stored[other].attributes:
            if attribute.name == VALUE:
                entries_of[number] = attribute.checkpoint_key
        named = {child.local_name: child.node_id for child in stored[other].children}
        for child in saved[number].children:
            if child.local_name in named and child.node_id not in seen:
                seen.add(child.node_id)
                waiting.append((child.node_id, named[child.local_name]))
    return entries_of


def _restored(program: Program, restore: str) -> dict[Any, Entry]:
    """Find what the graph's operation of restoring, which is never run, would assign.

    Raises:
        ModelError: if it names fewer entries than it restores.
    """
    found: dict[Any, Entry] = {}
    for place, node in _led_to(program, restore):
        if node.op not in ASSIGNMENTS:
            continue
        assignment = Source(place, node)
        variable, value = (
            program.origin(program.read(assignment, argument)) for argument in (0, 1)
        )
        if variable.node.op not in VARIABLES or value.node.op != "RestoreV2":
            continue
        entry, part = (
            _text(program, value, argument, value.index) for argument in (1, 2)
        )
        found[variable.key] = entry, part
    return found


def _led_to(program: Program, name: str) -> Iterator[tuple[Place, Any]]:
    """Yield all that an operation of the graph waits for, and all that it calls."""
    waiting, seen = [(program.graph, name.partition(":")[0])], set()
    while waiting:
        place, name = waiting.pop()
        node = place.body.nodes.get(name)
        if node is None or (place.path, name) in seen:
            continue
        seen.add((place.path, name))
        yield place, node
        waiting += [(place, text.lstrip("^").partition(":")[0]) for text in node.input]
        if program.called(node):
            inner = program.enter(place, node)
            waiting += [(inner, each) for each in inner.body.nodes]


def _text(program: Program, restored: Source, argument: int, index: int) -> str:
    """Return one of the texts that an argument of a RestoreV2 lists."""
    given = program.origin(program.read(restored, argument))
    texts = given.node.attr["value"].tensor.string_val
    if index >= len(texts):
        raise ModelError(
            f"{restored.node.name} restores more variables than it names: the "
            "SavedModel is damaged, export it again"
        )
    return texts[index].decode(errors="replace")
