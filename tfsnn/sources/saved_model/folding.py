"""Constant folding: what does not depend on the input's values is computed once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.kinds import SHAPE_READERS


def live_operations(graph: tf.Graph, inputs: Iterable[Any]) -> set[str]:
    """Return the names of the operations that depend on the values of the inputs."""
    live = {tensor.op.name for tensor in inputs}
    for operation in graph.get_operations():  # in topological order
        if operation.type not in SHAPE_READERS and any(
            tensor.op.name in live for tensor in operation.inputs
        ):
            live.add(operation.name)
    return live


def evaluate(graph: tf.Graph, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Compute tensors that depend on constants and shapes only.

    Shapes are static, so the operations that read them become constants first, and no
    input has to be fed.
    """
    found = {}
    computed = []
    for name in names:
        operation = graph.get_tensor_by_name(name).op
        while operation.type == "Identity":
            operation = operation.inputs[0].op
        if operation.type == "Const":
            found[name] = tf.make_ndarray(operation.get_attr("value"))
        else:
            computed.append(name)
    return found | _run(graph, computed) if computed else found


def _run(graph: tf.Graph, names: list[str]) -> dict[str, np.ndarray]:
    graph_def = tf.compat.v1.GraphDef()
    graph_def.versions.CopyFrom(graph.graph_def_versions)
    waiting = [graph.get_tensor_by_name(name).op for name in names]
    seen = set()
    while waiting:
        operation = waiting.pop()
        if operation.name in seen:
            continue
        seen.add(operation.name)
        node = graph_def.node.add()
        node.CopyFrom(operation.node_def)
        if node.op in SHAPE_READERS and _make_constant(node, operation):
            continue
        del node.input[:]  # drops control inputs; the tensors are added again
        node.input.extend(tensor.name for tensor in operation.inputs)
        waiting += [tensor.op for tensor in operation.inputs]
    static = tf.Graph()
    with static.as_default():
        tf.import_graph_def(graph_def, name="")
    with tf.compat.v1.Session(graph=static, config=on_cpu()) as session:
        try:
            values = [np.asarray(value) for value in session.run(names)]
        except tf.errors.OpError as error:
            raise ModelError(
                f"its constants cannot be computed ({error.message[:300]}): the "
                "file is damaged, export it again"
            ) from error
    return dict(zip(names, values, strict=True))


def _make_constant(node: Any, operation: Any) -> bool:
    """Replace a shape reader by its value, if the shape it reads is known."""
    shape = operation.inputs[0].shape
    if not shape.is_fully_defined() or len(operation.outputs) != 1:
        return False
    (output,) = operation.outputs
    dtype = output.dtype.base_dtype
    sizes = shape.as_list()
    value: Any = {
        "Shape": lambda: sizes,
        "ShapeN": lambda: sizes,
        "Size": lambda: int(np.prod(sizes)),
        "Rank": lambda: len(sizes),
        "ZerosLike": lambda: np.zeros(sizes),
        "OnesLike": lambda: np.ones(sizes),
    }[node.op]()
    array = np.asarray(value).astype(dtype.as_numpy_dtype)
    node.op = "Const"
    del node.input[:]
    node.attr.clear()
    node.attr["dtype"].type = dtype.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array, dtype))
    return True


def on_cpu() -> Any:
    """Return a session's configuration for the CPU, without optimizers."""
    config = tf.compat.v1.ConfigProto(device_count={"GPU": 0})
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config
