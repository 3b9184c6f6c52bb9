"""Replacing channels-first operations, which not every CPU can run.

The replacement serves only to run a graph on a CPU, for comparison with its rebuild.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

FIRST = {b"NCHW": b"NHWC", b"NCDHW": b"NDHWC"}
# By operation, the indices of the arguments that are in the order of the data.
DATA: dict[str, tuple[int, ...]] = {
    "Conv2D": (0,),
    "Conv3D": (0,),
    "DepthwiseConv2dNative": (0,),
    "Conv2DBackpropInput": (2,),
    "Conv3DBackpropInputV2": (2,),
    "MaxPool": (0,),
    "AvgPool": (0,),
    "MaxPool3D": (0,),
    "AvgPool3D": (0,),
    "FusedBatchNorm": (0,),
    "FusedBatchNormV2": (0,),
    "FusedBatchNormV3": (0,),
    "BiasAdd": (0,),
}
PER_AXIS = ("strides", "dilations", "ksize")
SIZES_FIRST = ("Conv2DBackpropInput", "Conv3DBackpropInputV2")


def without_channels_first(graph_def: Any) -> Any:
    """Copy a graph, turning channels-first operations by transpositions around them."""
    turned = tf.compat.v1.GraphDef()
    turned.versions.CopyFrom(graph_def.versions)
    for node in graph_def.node:
        rank = _rank(node)
        if not rank or _trains(node):
            turned.node.add().CopyFrom(node)
            continue
        last, first = [0, *range(2, rank), 1], [0, rank - 1, *range(1, rank - 1)]
        inner = turned.node.add()
        inner.CopyFrom(node)
        inner.name = node.name + "/channels_last"
        inner.attr["data_format"].s = FIRST[node.attr["data_format"].s]
        kind = node.attr["T"].type
        for index in DATA[node.op]:
            moved = f"{node.name}/last_{index}"
            _transpose(turned, moved, node.input[index], last, kind)
            inner.input[index] = moved
        if node.op in SIZES_FIRST:
            _gather(turned, f"{node.name}/sizes", node.input[0], last)
            inner.input[0] = f"{node.name}/sizes"
        for name in PER_AXIS:
            if name in node.attr:
                values = list(node.attr[name].list.i)
                inner.attr[name].list.i[:] = [values[i] for i in last]
        if pads := list(node.attr["explicit_paddings"].list.i):
            order = [2 * i + side for i in last for side in (0, 1)]
            inner.attr["explicit_paddings"].list.i[:] = [pads[i] for i in order]
        _transpose(turned, node.name, inner.name, first, kind)
    return turned


def _rank(node: Any) -> int:
    """Return the number of axes of a channels-first operation, 0 for any other."""
    if node.op not in DATA or node.attr["data_format"].s not in FIRST:
        return 0
    return 5 if node.attr["data_format"].s == b"NCDHW" else 4


def _trains(node: Any) -> bool:
    """Whether a batch normalisation uses the batch's statistics, which CPUs can run."""
    return node.op.startswith("FusedBatchNorm") and node.attr["is_training"].b


def constant(graph_def: Any, name: str, values: list[int] | int) -> str:
    """Add a constant of integers to a graph; return its name."""
    node = graph_def.node.add(name=name, op="Const")
    node.attr["dtype"].type = tf.int32.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values, tf.int32))
    return name


def _transpose(
    graph_def: Any, name: str, given: str, order: list[int], kind: int
) -> None:
    node = graph_def.node.add(name=name, op="Transpose")
    node.input.extend([given, constant(graph_def, f"{name}/order", order)])
    node.attr["T"].type = kind
    node.attr["Tperm"].type = tf.int32.as_datatype_enum


def _gather(graph_def: Any, name: str, given: str, order: list[int]) -> None:
    node = graph_def.node.add(name=name, op="GatherV2")
    indices = constant(graph_def, f"{name}/indices", order)
    axis = constant(graph_def, f"{name}/axis", 0)
    node.input.extend([given, indices, axis])
    for attribute in ("Tparams", "Tindices", "Taxis"):
        node.attr[attribute].type = tf.int32.as_datatype_enum
