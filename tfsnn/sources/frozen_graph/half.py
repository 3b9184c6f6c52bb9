"""Graphs in half precision, in float32 instead, of which each half is a value."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

FLOAT = tf.float32.as_datatype_enum
HALF, BFLOAT16 = tf.float16.as_datatype_enum, tf.bfloat16.as_datatype_enum
HALVES = {HALF, BFLOAT16}


def in_float32(graph_def: Any) -> None:
    """Turn everything that a graph computes in half precision into float32, in place.

    Constants keep their values. What the graph computes of them is rounded less.
    """
    for node in graph_def.node:
        for value in node.attr.values():
            if value.type in HALVES:
                value.type = FLOAT
            for i, kind in enumerate(value.list.type):
                if kind in HALVES:
                    value.list.type[i] = FLOAT
            if value.tensor.dtype in HALVES:
                _widen(value.tensor)


def _widen(tensor: Any) -> None:
    """Turn the values of a constant into float32, as many as it states."""
    kind = tensor.dtype
    tensor.dtype = FLOAT
    if len(tensor.tensor_content) % 2:
        return  # damaged: it does not fit its shape, which is told later
    stored = np.frombuffer(tensor.tensor_content, np.uint16)
    tensor.tensor_content = _values(stored, kind).tobytes()
    listed = np.asarray(tensor.half_val, np.int64).astype(np.uint16)
    del tensor.half_val[:]
    tensor.float_val.extend(_values(listed, kind).tolist())


def _values(bits: np.ndarray, kind: int) -> np.ndarray:
    """Return the float32 values of halves, given by their bits."""
    if kind == HALF:
        return bits.view(np.float16).astype(np.float32)
    return (bits.astype(np.uint32) << 16).view(np.float32)
