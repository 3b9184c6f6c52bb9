"""Replacing grouped convolutions in three dimensions, which no CPU can run.

The replacement serves only to run a graph on a CPU, for comparison with its rebuild.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfsnn.sources.saved_model.channels_last import constant


def without_groups(graph: tf.Graph) -> Any:
    """Copy a graph, turning each grouped ``Conv3D`` into one convolution a group."""
    written = tf.compat.v1.GraphDef()
    written.versions.CopyFrom(graph.graph_def_versions)
    for operation in graph.get_operations():
        node = operation.node_def
        count = _groups(operation)
        if count == 1:
            written.node.add().CopyFrom(node)
            continue
        channels = 1 if operation.get_attr("data_format") == b"NCDHW" else 4
        x, kernel = (
            _split(written, f"{node.name}/{i}", node.input[i], axis, node, count)
            for i, axis in enumerate((channels, 4))
        )
        parts = []
        for i in range(count):
            part = written.node.add()
            part.CopyFrom(node)
            part.name = f"{node.name}/group_{i}"
            part.input[:] = [f"{x}:{i}", f"{kernel}:{i}"]
            parts.append(part.name)
        joined = written.node.add(name=node.name, op="ConcatV2")
        axis = constant(written, f"{node.name}/axis", channels)
        joined.input.extend([*parts, axis])
        joined.attr["N"].i = count
        joined.attr["T"].type = node.attr["T"].type
        joined.attr["Tidx"].type = tf.int32.as_datatype_enum
    return written


def _groups(operation: tf.Operation) -> int:
    if operation.type != "Conv3D":
        return 1
    first = operation.get_attr("data_format") == b"NCDHW"
    x, kernel = (tensor.shape.as_list() for tensor in operation.inputs)
    return x[1 if first else 4] // kernel[3]


def _split(
    written: Any, name: str, given: str, axis: int, like: Any, count: int
) -> str:
    node = written.node.add(name=f"{name}/parts", op="Split")
    node.input.extend([constant(written, f"{name}/axis", axis), given])
    node.attr["num_split"].i = count
    node.attr["T"].type = like.attr["T"].type
    return node.name
