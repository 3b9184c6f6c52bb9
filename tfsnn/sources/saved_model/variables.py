"""The values of a SavedModel's variables, read from its checkpoint as data."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.entries import Entry, entries
from tfsnn.sources.saved_model.file import check_regular
from tfsnn.sources.saved_model.program import Source
from tfsnn.sources.saved_model.signature import stated_shape

FOLDER, PREFIX = "variables", "variables"
OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
# What the reader of checkpoints raises for a damaged one.
READING = (tf.errors.OpError, IndexError)
# Of a variable that is stored in parts: the whole shape, then a range on each axis.
PART = re.compile(r"[\d ]+ (-|\d+,\d+)(:(-|\d+,\d+))*")


class Variables:
    """The variables of a SavedModel, by the operation that stands for each."""

    def __init__(self, path: Path, meta_graph: Any) -> None:
        """Take the folder and its graph; the checkpoint is read when it is needed."""
        self._path = path
        self._meta_graph = meta_graph
        self._reader: Any = None
        self._stored = 0
        self._shapes: dict[str, list[int]] = {}
        self._types: dict[str, tf.DType] = {}
        self._entries: dict[Any, Entry] = {}

    def value(self, variable: Source) -> np.ndarray:
        """Read the value of a variable.

        Raises:
            ModelError: if the checkpoint has none, or one of another shape or type.
        """
        node = variable.node
        where = f"the variable {node.name!r}"
        try:
            if self._reader is None:
                self._open()
            entry, part = self._entries.get(variable.key, (node.name, ""))
            value = self._read(where, entry, node.attr["dtype"].type)
        except READING as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise ModelError(
                f"its checkpoint, {FOLDER}/, is damaged or incomplete "
                f"({reason[0][:200]}): export the model again"
            ) from error
        if part:
            value = _part(where, value, part)
        shape = stated_shape(node.attr["shape"].shape)
        if not shape.is_compatible_with(value.shape):
            raise ModelError(
                f"{where} has the shape {shape} in the graph and {value.shape} in the "
                "checkpoint: the SavedModel is damaged, export it again"
            )
        return value

    def _open(self) -> None:
        folder = self._path / FOLDER
        check_regular(folder / f"{PREFIX}.index")
        for file in folder.iterdir():
            check_regular(file)
        self._stored = sum(file.stat().st_size for file in folder.iterdir())
        self._reader = tf.train.load_checkpoint(str(folder / PREFIX))
        self._shapes = self._reader.get_variable_to_shape_map()
        self._types = self._reader.get_variable_to_dtype_map()
        objects = b""
        if OBJECTS in self._shapes:
            objects = self._reader.get_tensor(OBJECTS)
        self._entries = entries(self._meta_graph, objects)

    def _read(self, where: str, entry: str, kind: int) -> np.ndarray:
        if entry not in self._shapes:
            raise ModelError(
                f"{where} has no value in the checkpoint: the SavedModel is "
                "incomplete, export it again"
            )
        found, sizes = self._types[entry], self._shapes[entry]
        if found.as_datatype_enum != kind:
            raise ModelError(
                f"{where} is of type {kind} in the graph and {found.name} in the "
                "checkpoint: the SavedModel is damaged, export it again"
            )
        if math.prod(sizes) * found.size > self._stored:
            raise ModelError(
                f"{where} has the shape {tuple(sizes)}, which is more than "
                f"the {self._stored:,} bytes of the checkpoint: the SavedModel is "
                "damaged, export it again"
            )
        return self._reader.get_tensor(entry)


def _part(where: str, value: np.ndarray, part: str) -> np.ndarray:
    """Cut out of a value what is stored as one of the parts of a larger variable."""
    *_, ranges = part.split()
    if not PART.fullmatch(part) or ranges.count(":") != value.ndim - 1:
        raise ModelError(
            f"{where} is the part {part!r} of {value.shape} values, which cannot be: "
            "the SavedModel is damaged, export it again"
        )
    parts = []
    for text in ranges.split(":"):
        begin, _, size = text.partition(",")
        parts.append(slice(int(begin), int(begin) + int(size)) if size else slice(None))
    return value[tuple(parts)]
