"""Layers that bring several signals together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import layers

from tfsnn.handlers.registry import Builder, Unsupported, handles
from tfsnn.nodes import Merge


@handles(layers.Add)
def add(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Add inputs of equal shape."""
    shapes = {builder.shape(name) for name in inputs}
    if len(shapes) > 1:
        raise Unsupported(f"shapes {sorted(shapes)} differ: broadcasting is not")
    return builder.add(Merge, inputs, shapes.pop(), "add")


@handles(layers.Concatenate)
def concatenate(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Concatenate along any axis but the batch."""
    shapes = [builder.shape(name) for name in inputs]
    axis = layer.axis - 1 if layer.axis > 0 else layer.axis + len(shapes[0])
    if axis < 0:
        raise Unsupported(f"axis={layer.axis} is the batch")
    shape = list(shapes[0])
    shape[axis] = sum(each[axis] for each in shapes)
    return builder.add(Merge, inputs, shape, "concat", axis)
