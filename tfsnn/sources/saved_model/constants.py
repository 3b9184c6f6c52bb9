"""Checks of a file's own constants, which TensorFlow's shape inference relies on."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.signature import TYPES

TEXT = tf.string.as_datatype_enum
CONTENT = "tensor_content"
VALUES = (
    "bool_val",
    "double_val",
    "float_val",
    "half_val",
    "int64_val",
    "int_val",
    "scomplex_val",
    "dcomplex_val",
    "string_val",
    "uint32_val",
    "uint64_val",
)
MOST_AXES = 64


def check_constant(node: Any) -> None:
    """Refuse a constant that does not hold what it says; its size is checked later.

    Raises:
        ModelError: naming the constant and what does not fit.
    """
    tensor = node.attr["value"].tensor
    stated, kind = node.attr["dtype"].type, tensor.dtype
    if stated != kind or kind not in TYPES:
        raise _damaged(node, f"is of type {stated}, its values of type {kind}")
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.tensor_shape.unknown_rank or min(sizes, default=0) < 0:
        raise _damaged(node, f"has the shape {sizes}")
    if len(sizes) > MOST_AXES:
        raise _damaged(node, f"has {len(sizes)} axes")
    count = math.prod(sizes)
    if tensor.tensor_content:
        stored = len(tensor.tensor_content)
        if kind == TEXT or stored != count * tf.as_dtype(kind).size:
            raise _damaged(node, f"has the shape {sizes} and {stored:,} bytes")
        return
    stored = max(len(getattr(tensor, name)) for name in VALUES)
    if stored > count or tensor.variant_val or tensor.resource_handle_val:
        raise _damaged(node, f"has the shape {sizes} and {stored:,} values")


def _damaged(node: Any, what: str) -> ModelError:
    return ModelError(
        f"the constant {node.name!r} {what}, which does not fit: the file is "
        "damaged, export it again"
    )
