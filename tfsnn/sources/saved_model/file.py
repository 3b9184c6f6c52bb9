"""Reading ``saved_model.pb`` as data: a protocol buffer of bounded size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from tfsnn.errors import ModelError

FILE = "saved_model.pb"
# Protocol buffers are no larger, by their specification.
MOST_BYTES = 2**31 - 1
# Empty messages: 2 bytes each in a file, and a hundred in memory. Graphs have few.
EMPTY = re.compile(rb"[\x0a\x12\x1a\x22\x2a\x32\x3a\x42]\x00")
MOST_EMPTY = 2**20
TAG = "serve"


def is_saved_model(path: Path) -> bool:
    """Whether a folder holds a SavedModel."""
    return (path / FILE).exists()


def read_meta_graph(path: Path) -> Any:
    """Read the graph of a SavedModel that is there to be served, a ``MetaGraphDef``.

    Nothing is loaded by TensorFlow, and no operation is run.

    Args:
        path: the folder that holds ``saved_model.pb``.

    Raises:
        ModelError: if the file is none, too large or damaged, or has no such graph.
    """
    content = content_of(path / FILE)
    saved = message("SavedModel")()
    try:
        saved.ParseFromString(content)
    except DecodeError as error:
        raise ModelError(
            f"cannot be read as a SavedModel: {FILE} is damaged or incomplete "
            f"({len(content):,} bytes, no protocol buffer of a SavedModel): export it "
            "again"
        ) from error
    graphs = list(saved.meta_graphs)
    served = [graph for graph in graphs if TAG in graph.meta_info_def.tags]
    if len(served) == 1 or len(graphs) == 1:
        return (served or graphs)[0]
    tags = [sorted(graph.meta_info_def.tags) for graph in graphs]
    raise ModelError(
        f"cannot be read as a SavedModel: {FILE} holds {len(graphs)} graphs, "
        f"with the tags {tags}; expected one, or one with the tag {TAG!r}: it is "
        "damaged, or has to be exported again"
    )


def check_regular(path: Path) -> None:
    """Refuse what is no plain file, such as a pipe, which reading would wait for.

    Raises:
        ModelError: if there is no such file, or it is of another kind.
    """
    if not path.is_file():
        found = "is no regular file" if path.exists() else "is missing"
        raise ModelError(
            f"{path.name} {found}, so the SavedModel is damaged or incomplete: export "
            "it again"
        )


def content_of(path: Path) -> bytes:
    """Read a file that should be a protocol buffer.

    Raises:
        ModelError: if it is no regular file, or too large in memory.
    """
    check_regular(path)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ModelError(
            f"{path.name} has {size:,} bytes; a protocol buffer has {MOST_BYTES:,} at "
            "most: export it again, with its weights as variables"
        )
    content = path.read_bytes()
    # Numbers look like empty messages, too, but every second byte at most.
    empty = sum(1 for _ in EMPTY.finditer(content)) if size > MOST_EMPTY else 0
    if empty > MOST_EMPTY and 4 * empty > size:
        raise ModelError(
            f"{path.name} consists of {empty:,} empty messages, which would take very "
            "much memory: the SavedModel is damaged, export it again"
        )
    return content


def message(name: str) -> Any:
    """Return the class of one of TensorFlow's protocol buffers, by its name."""
    _ = tf.compat.v1.MetaGraphDef  # importing TensorFlow registers all of them
    found = descriptor_pool.Default().FindMessageTypeByName(f"tensorflow.{name}")
    return message_factory.GetMessageClass(found)
