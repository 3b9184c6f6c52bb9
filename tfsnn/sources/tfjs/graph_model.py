"""Graph models of TensorFlow.js: a graph of TensorFlow as JSON, and its constants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import numpy as np
import tensorflow as tf
from google.protobuf import json_format

from tfsnn.errors import ModelError
from tfsnn.sources.frozen_graph import frozen_of
from tfsnn.sources.parts import Part
from tfsnn.sources.saved_model.ends import key_of
from tfsnn.sources.saved_model.file import message
from tfsnn.sources.saved_model.frozen import Frozen
from tfsnn.sources.saved_model.signature import TYPES, Signature, choose_signature
from tfsnn.sources.tfjs.prelu import without_prelu
from tfsnn_numpy.json_text import mismatch

TEXT = tf.string.as_datatype_enum
KEY = "tensorflow.js"  # name of the one signature


class Node(TypedDict):
    """An operation of the graph, as far as it is looked at as JSON."""

    name: str
    op: str
    input: NotRequired[list[str]]
    attr: NotRequired[dict[str, dict[str, Any]]]


class Topology(TypedDict):
    """The graph."""

    node: list[Node]


def frozen_of_json(
    model: Mapping[str, Any], weights: Mapping[str, np.ndarray], part: Part
) -> Frozen:
    """Return what a graph model computes; nothing of it is run.

    Args:
        model: what ``model.json`` says.
        weights: values of the constants, by name.
        part: what of it is the network, and input shapes.

    Raises:
        ModelError: if it is damaged, or has no such operation.
        UnsupportedError: if it reaches operations that are not known to compute and do
            no more; it names them all.
    """
    if wrong := mismatch(model["modelTopology"], Topology, "modelTopology"):
        raise ModelError(f"is damaged ({wrong}): convert it again")
    graph_def = _message("GraphDef", model["modelTopology"])
    for body in (graph_def.node, *(f.node_def for f in graph_def.library.function)):
        for node in body:
            if node.op == "Const" and node.name in weights:
                _fill(node, weights[node.name])
            elif node.op == "Const":
                _check_filled(node)
    return frozen_of(without_prelu(graph_def), part, _signature(model, graph_def))


def _message(name: str, document: Any) -> Any:
    """Read one of TensorFlow's protocol buffers from JSON."""
    try:
        return json_format.ParseDict(
            document, message(name)(), ignore_unknown_fields=True
        )
    except json_format.ParseError as error:
        raise ModelError(
            f"cannot be read as a graph of TensorFlow.js ({str(error)[:300]}): it is "
            "damaged, convert it again"
        ) from error


def _fill(node: Any, value: np.ndarray) -> None:
    """Write the value of a constant into the graph, in the type that it has there."""
    kind = node.attr["dtype"].type
    dtype = tf.as_dtype(kind) if kind in TYPES else tf.string
    if not (dtype.is_floating or dtype.is_integer or dtype.is_bool):
        raise ModelError(
            f"the constant {node.name!r} is of type {kind} in the graph and "
            f"{value.dtype} among the weights: it is damaged, convert it again"
        )
    tensor = node.attr["value"].tensor
    tensor.Clear()
    tensor.dtype = kind
    for size in value.shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = value.astype(dtype.as_numpy_dtype).tobytes()


def _check_filled(node: Any) -> None:
    """Refuse a constant without a value, of which TensorFlow would make zeros."""
    tensor = node.attr["value"].tensor
    if node.attr["dtype"].type == TEXT:  # refused by name, if it leads to an output
        return
    if not any(
        field.name.endswith(("_val", "content")) for field, _ in tensor.ListFields()
    ):
        raise ModelError(
            f"the constant {node.name!r} has no value, neither in the graph nor among "
            "the weights: it is damaged or incomplete, convert it again"
        )


def _signature(model: Mapping[str, Any], graph_def: Any) -> Signature | None:
    """Return the inputs and outputs that the model states, None if it states none."""
    own = model.get("userDefinedMetadata")
    stated = model.get("signature") or (
        own.get("signature") if isinstance(own, Mapping) else None
    )
    if not isinstance(stated, Mapping) or not stated.get("outputs"):
        return None
    meta = message("MetaGraphDef")()
    meta.signature_def[KEY].CopyFrom(_message("SignatureDef", stated))
    chosen = meta.signature_def[KEY]
    names = {node.name for node in graph_def.node}
    tensors = [
        info.name for info in (*chosen.inputs.values(), *chosen.outputs.values())
    ]
    if not chosen.inputs or not all(t.partition(":")[0] in names for t in tensors):
        return None
    found = choose_signature(meta, KEY)
    return Signature(
        found.name,
        {key_of(key): spec for key, spec in found.inputs.items()},
        {key_of(key): text for key, text in found.fed.items()},
        {key_of(key): text for key, text in found.fetched.items()},
    )
