"""Handlers of reshapes, transpositions and other orders of the same values."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.ops.calls import MOVES_SAMPLES, channels_last
from tfsnn.sources.handlers.registry import handles_operation


@handles_operation("Reshape")
def reshape(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate reshape to a shape whose first axis is the batch."""
    before = builder.shape(inputs[0])
    first, *shape = operation.newshape
    count = math.prod(before)
    known = math.prod(n for n in shape if n != -1)
    if -1 in shape:
        shape[shape.index(-1)] = count // max(known, 1)
    if first not in (-1, None) or math.prod(shape) != count:
        raise Unsupported(
            f"the shape {tuple(operation.newshape)} mixes samples: keep the batch as "
            "first axis, (-1, ...), with fixed sizes behind it"
        )
    return builder.reshape(inputs[0], shape, "")


@handles_operation("ExpandDims")
def expand_dims(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate expand_dims: insert axes of length 1."""
    shape = list(builder.shape(inputs[0]))
    axes = operation.axis
    axes = (axes,) if isinstance(axes, int) else axes
    rank = len(shape) + len(axes)
    for axis in builder.axes(axes, rank):
        shape.insert(axis, 1)
    return builder.reshape(inputs[0], shape, "")


@handles_operation("Squeeze")
def squeeze(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate squeeze: drop axes of length 1."""
    before = builder.shape(inputs[0])
    if operation.axis is None:
        axes: Sequence[int] = [i for i, n in enumerate(before) if n == 1]
    else:
        axes = builder.axes(operation.axis, len(before))
    shape = [n for i, n in enumerate(before) if i not in axes]
    return builder.reshape(inputs[0], shape, "")


@handles_operation("Transpose")
def transpose(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate transpose: reorder the axes of each sample; the batch stays first."""
    rank = len(builder.shape(inputs[0])) + 1
    axes = operation.axes or tuple(reversed(range(rank)))
    axes = [axis % rank for axis in axes]
    if axes[0] != 0:
        raise Unsupported(f"axes={tuple(axes)} moves the batch: keep axis 0 first")
    return builder.transpose(inputs[0], [axis - 1 for axis in axes[1:]])


@handles_operation("Swapaxes")
def swapaxes(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate swapaxes: exchange two axes of each sample."""
    rank = len(builder.shape(inputs[0]))
    one = builder.axis(operation.axis1, rank)
    two = builder.axis(operation.axis2, rank)
    order = list(range(rank))
    order[one], order[two] = two, one
    return builder.transpose(inputs[0], order)


@handles_operation("Moveaxis")
def moveaxis(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate moveaxis: move axes of each sample to other places."""
    rank = len(builder.shape(inputs[0]))
    pairs = [operation.source, operation.destination]
    source, destination = (
        [builder.axis(a, rank) for a in ((axes,) if isinstance(axes, int) else axes)]
        for axes in pairs
    )
    order = [axis for axis in range(rank) if axis not in source]
    for place, axis in sorted(zip(destination, source, strict=True)):
        order.insert(place, axis)
    return builder.transpose(inputs[0], order)


@handles_operation("Rearrange")
def rearrange(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate rearrange, "b (h p) c -> b h (p c)": reshapes and a transposition."""
    lengths = dict(builder.kwargs)
    lengths.pop("tensor", None)
    pattern = builder.argument(1, "pattern")
    lengths.pop("pattern", None)
    before, after = (
        [re.findall(r"\w+", group) for group in re.findall(r"\w+|\(.*?\)", side)]
        for side in pattern.split("->")
    )
    if before[0] != after[0] or len(before[0]) != 1:
        raise Unsupported(f"the pattern {pattern!r}: {MOVES_SAMPLES}")
    for group, length in zip(before[1:], builder.shape(inputs[0]), strict=True):
        known = math.prod(lengths.get(name, 1) for name in group)
        for name in group:
            lengths.setdefault(name, length // known)
    names = [name for group in before[1:] for name in group]
    y = builder.reshape(inputs[0], [lengths[name] for name in names])
    order = [names.index(name) for group in after[1:] for name in group]
    y = builder.transpose(y, order, "_transpose")
    shape = [math.prod(lengths[name] for name in group) for group in after[1:]]
    return builder.reshape(y, shape)


@handles_operation("SpaceToDepth")
@channels_last
def space_to_depth(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate space_to_depth: the values of a block become channels."""
    height, width, channels = builder.shape(inputs[0])
    size = operation.block_size
    blocks = (height // size, size, width // size, size, channels)
    y = builder.reshape(inputs[0], blocks)
    y = builder.transpose(y, (0, 2, 1, 3, 4), "_transpose")
    return builder.reshape(y, (blocks[0], blocks[2], size * size * channels))


@handles_operation("DepthToSpace")
@channels_last
def depth_to_space(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate depth_to_space: channels become the values of a block."""
    height, width, channels = builder.shape(inputs[0])
    size = operation.block_size
    inside = channels // size**2
    y = builder.reshape(inputs[0], (height, width, size, size, inside))
    y = builder.transpose(y, (0, 2, 1, 3, 4), "_transpose")
    return builder.reshape(y, (height * size, width * size, inside))
