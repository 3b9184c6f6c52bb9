"""The activation PReLU of TensorFlow.js graphs, as operations that TensorFlow has."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

PRELU = "Prelu"


def without_prelu(graph_def: Any) -> Any:
    """Return a graph with ``relu(x) - alpha * relu(-x)`` for each PReLU.

    TensorFlow.js has it as an operation of its own and as the last one of a fused
    convolution or product, whose last argument is alpha then.
    """
    written = tf.compat.v1.GraphDef()
    written.library.CopyFrom(graph_def.library)
    written.versions.CopyFrom(graph_def.versions)
    for node in graph_def.node:
        names = node.attr["fused_ops"].list.s if "fused_ops" in node.attr else []
        if node.op == PRELU and len(node.input) >= 2:
            _write(written, node.name, node.input[0], node.input[1])
        elif names and names[-1] == PRELU.encode() and len(node.input) >= 2:
            inner = written.node.add()
            inner.CopyFrom(node)
            inner.name = f"{node.name}/fused"
            inner.attr["fused_ops"].list.s[:] = names[:-1]
            inner.attr["num_args"].i -= 1
            alpha = inner.input.pop()
            _write(written, node.name, inner.name, alpha)
        else:
            written.node.add().CopyFrom(node)
    return written


def _write(graph_def: Any, name: str, x: str, alpha: str) -> None:
    def add(kind: str, label: str, *reads: str) -> str:
        node = graph_def.node.add(name=label, op=kind)
        node.input.extend(reads)
        node.attr["T"].type = tf.float32.as_datatype_enum
        return label

    positive = add("Relu", f"{name}/positive", x)
    turned = add("Relu", f"{name}/negative", add("Neg", f"{name}/turned", x))
    slope = add("Neg", f"{name}/slope", alpha)
    add("AddV2", name, positive, add("Mul", f"{name}/scaled", slope, turned))
