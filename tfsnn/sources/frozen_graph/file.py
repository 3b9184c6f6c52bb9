"""Reading a ``.pb`` file as data: a ``GraphDef``, and what else has this suffix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
from google.protobuf.message import DecodeError

from tfsnn.errors import ModelError
from tfsnn.sources.frozen_graph.reading import frozen_of
from tfsnn.sources.parts import WHOLE, Part
from tfsnn.sources.saved_model.building import build, model_name, naming
from tfsnn.sources.saved_model.file import content_of, message

OPERATION = re.compile(r"[A-Za-z_>][\w.>/-]*")
TEXT = re.compile(rb"\s*(node|library|versions)\s*\{")
META = (
    "is the graph of a checkpoint (.meta), whose weights are in other files: freeze "
    "both into one graph (tf.compat.v1.train.import_meta_graph, then "
    "tf.compat.v1.graph_util.convert_variables_to_constants), or save a SavedModel"
)


def load_frozen_graph(path: Path, part: Part = WHOLE) -> keras.Model:
    """Rebuild a frozen graph, a file of a ``GraphDef``, as a Keras model.

    Nothing in the file is run before all its operations are known.

    Args:
        path: the file.
        part: what of it is the network, and input shapes. Unless it says otherwise, the
            inputs are the placeholders that lead to outputs, and the outputs are all
            tensors that depend on an input and that nothing reads.

    Raises:
        ModelError: if the file is of another kind or damaged, has no such operation,
            is not frozen, has an input of free shape, or the rebuilt model computes
            something else.
        UnsupportedError: if operations cannot be rebuilt; it names them all.
    """
    with naming(path):
        return build(frozen_of(read_graph(path), part), model_name(path))


def read_graph(path: Path) -> Any:
    """Read a ``GraphDef`` from a file.

    Raises:
        ModelError: if the file holds something else, is too large or damaged.
    """
    content = content_of(path)
    if TEXT.match(content):
        raise ModelError(
            "is a graph in text form: write it as binary (google.protobuf.text_format."
            "Parse into a tf.compat.v1.GraphDef, then SerializeToString)"
        )
    if (graph_def := _parsed(content, "GraphDef")) is not None and _is_graph(graph_def):
        return graph_def
    meta = _parsed(content, "MetaGraphDef")
    if meta is not None and _is_graph(meta.graph_def):
        raise ModelError(META)
    saved = _parsed(content, "SavedModel")
    if saved is not None and any(
        _is_graph(each.graph_def) for each in saved.meta_graphs
    ):
        raise ModelError(
            "is the graph of a SavedModel: put it back into its folder under the name "
            "saved_model.pb, beside variables/, and give the folder"
        )
    raise ModelError(
        f"cannot be read as a frozen graph ({len(content):,} bytes, no protocol buffer "
        "of a GraphDef): it is damaged, incomplete or of another kind"
    )


def _parsed(content: bytes, name: str) -> Any:
    """Return a protocol buffer, None if the bytes are none."""
    read = message(name)()
    try:
        read.ParseFromString(content)
    except DecodeError:
        return None
    return read


def _is_graph(graph_def: Any) -> bool:
    """Whether this can be a graph: all messages of some bytes are read as any other."""
    nodes = graph_def.node
    return bool(nodes) and all(n.name and OPERATION.fullmatch(n.op) for n in nodes)
