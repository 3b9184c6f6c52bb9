"""Freezing: a signature's graph with constants for variables and calls inlined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.sources.saved_model.signature import Signature
from tfsnn_numpy.private_apis import FREEZE

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
# Attributes that keep TensorFlow from inlining a call.
KEPT_APART = ("_XlaMustCompile", "jit_compile", "_noinline")
ALTERED = "_altered"
ASSIGNED = (
    "changes a variable, as layers of random augmentation do: export the model without "
    "them"
)
STATED_SHAPES = "_output_shapes"


@dataclass(frozen=True)
class Frozen:
    """A frozen graph, of plain operations and constants.

    Attributes:
        graph_def: the graph, a ``GraphDef``.
        inputs: names of the tensors that are fed, by name of the signature's input.
        outputs: names of the tensors that are fetched, by name of the output.
        specs: shape and type of each input, by name.
    """

    graph_def: Any
    inputs: dict[str, str]
    outputs: dict[str, str]
    specs: dict[str, tf.TensorSpec]


def freeze(signature: Signature) -> Frozen:
    """Freeze the variables of a signature and inline every call.

    Raises:
        UnsupportedError: if the signature changes variables, as random augmentation
            does.
        ModelError: if TensorFlow cannot freeze the signature.
    """
    arguments = tf.nest.flatten({name: name for name in signature.inputs})
    _refuse_assignments(signature)
    try:
        function = _constants(signature.function)
        graph_def = function.graph.as_graph_def()
        if _free_calls(graph_def):
            function = _constants(_function(function, graph_def))
            graph_def = function.graph.as_graph_def()
    except Exception as error:  # whatever the graph optimizer raises
        raise ModelError(
            f"the signature {signature.name!r} cannot be frozen "
            f"({type(error).__name__}: {str(error)[:200]}): export the model again, "
            "for inference"
        ) from error
    for node in graph_def.node:
        node.attr.pop(STATED_SHAPES, None)
    fed = [tensor.name for tensor in function.inputs]
    return Frozen(
        graph_def,
        dict(zip(arguments, fed, strict=True)),
        dict(zip(signature.outputs, (t.name for t in function.outputs), strict=True)),
        signature.inputs,
    )


def _refuse_assignments(signature: Signature) -> None:
    graph_def = signature.function.graph.as_graph_def()
    bodies = [graph_def.node, *(f.node_def for f in graph_def.library.function)]
    problems = [
        (node.name, node.op, ASSIGNED)
        for body in bodies
        for node in body
        if node.op.startswith("Assign") and node.op.endswith("VariableOp")
    ]
    if problems:
        raise UnsupportedError(sorted(set(problems)))


def _constants(function: Any) -> Any:
    return FREEZE.get()(function, lower_control_flow=False)


def _free_calls(graph_def: Any) -> bool:
    """Let TensorFlow inline every call, and return whether calls were left.

    TensorFlow does not inline what XLA must compile, such as the
    ``tf.function(jit_compile=True)`` in which Keras 3 exports grouped convolutions. So
    the attributes that say so are removed.
    """
    functions = graph_def.library.function
    bodies = [graph_def.node, *(function.node_def for function in functions)]
    holders = (*functions, *(node for body in bodies for node in body))
    for holder in holders:
        for attribute in KEPT_APART:
            holder.attr.pop(attribute, None)
    # An altered function needs a new name: TensorFlow has the old one registered.
    names = {function.signature.name for function in functions}
    for function in functions:
        function.signature.name += ALTERED
    for holder in holders:
        for value in holder.attr.values():
            for called in (value.func, *value.list.func):
                if called.name in names:
                    called.name += ALTERED
    return any(node.op in CALLS for node in graph_def.node)


def _function(function: Any, graph_def: Any) -> Any:
    """Make the function anew over an altered graph."""
    names = [tensor.name for tensor in (*function.inputs, *function.outputs)]
    wrapped = tf.compat.v1.wrap_function(
        lambda: tf.import_graph_def(graph_def, name=""), []
    )
    tensors = [wrapped.graph.get_tensor_by_name(name) for name in names]
    count = len(function.inputs)
    return wrapped.prune(tensors[:count], tensors[count:])
