"""Handlers of repetitions, shifts, reflections and borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.ops.calls import channels_last, number, output_shape
from tfsnn.sources.handlers.registry import handles_operation
from tfsnn.sources.handlers.structure import pad


@handles_operation("Repeat")
def repeat(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate repeat: each value several times along an axis."""
    if operation.axis is None:
        raise Unsupported("axis=None includes the batch: name another axis")
    axis = builder.axis(operation.axis, len(builder.shape(inputs[0])))
    places = np.arange(builder.shape(inputs[0])[axis])
    counts = number(operation.repeats, "number of repeats")
    return builder.take(inputs[0], axis, np.repeat(places, counts))


@handles_operation("Tile")
def tile(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate tile: the whole signal several times along axes of each sample."""
    repeats = operation.repeats
    repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    rank = len(builder.shape(inputs[0])) + 1
    repeats = (1,) * (rank - len(repeats)) + repeats
    if repeats[0] != 1 or len(repeats) > rank:
        raise Unsupported(f"repeats={repeats} repeats samples: give 1 for the batch")
    y = inputs[0]
    for axis, count in enumerate(repeats[1:]):
        if count > 1:
            y = builder.take(y, axis, np.tile(np.arange(builder.shape(y)[axis]), count))
    return builder.drop(inputs, "nothing is repeated") if y == inputs[0] else y


@handles_operation("BroadcastTo")
def broadcast_to(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate broadcast_to: axes of length 1 repeated, new ones before them."""
    _, *shape = operation.shape  # the batch stays as it is
    before = builder.shape(inputs[0])
    if len(shape) != len(before):
        raise Unsupported(
            f"the shape {tuple(operation.shape)} puts axes before the batch: use "
            "keras.ops.expand_dims first"
        )
    y = inputs[0]
    for axis, (n, wanted) in enumerate(zip(before, shape, strict=True)):
        if n == 1 and wanted not in (1, None, -1):
            y = builder.take(y, axis, [0] * int(wanted))
    return builder.drop(inputs, "nothing is repeated") if y == inputs[0] else y


@handles_operation("Flip")
def flip(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate flip: reverse axes of each sample."""
    y = inputs[0]
    for axis in builder.axes(operation.axis, len(builder.shape(y))):
        y = builder.take(y, axis, range(builder.shape(y)[axis])[::-1])
    return y


@handles_operation("Fliplr")
def fliplr(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate fliplr: reverse the first axis of each sample."""
    length = builder.shape(inputs[0])[0]
    return builder.take(inputs[0], 0, range(length)[::-1])


@handles_operation("Roll")
def roll(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate roll: shift an axis, its end to its start."""
    if operation.axis is None:
        raise Unsupported("axis=None includes the batch: name another axis")
    shifts, axes = np.atleast_1d(operation.shift), np.atleast_1d(operation.axis)
    y = inputs[0]
    for shift, axis in zip(*np.broadcast_arrays(shifts, axes), strict=True):
        own = builder.axis(int(axis), len(builder.shape(y)))
        y = builder.take(y, own, np.roll(np.arange(builder.shape(y)[own]), int(shift)))
    return y


@handles_operation("Pad")
def padding(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate pad: surround each sample with zeros or its reflection."""
    amounts = [tuple(int(n) for n in pair) for pair in operation.pad_width]
    rank = len(builder.shape(inputs[0])) + 1
    amounts = amounts * rank if len(amounts) == 1 else amounts
    value = builder.argument(1, "constant_values")
    if amounts[0] != (0, 0):
        raise Unsupported("the batch is padded: give (0, 0) for axis 0")
    if operation.mode not in ("constant", "reflect", "symmetric"):
        raise Unsupported(
            f"mode={operation.mode!r}: use 'constant', 'reflect' or 'symmetric'"
        )
    own = tuple(amounts[1:])
    y = pad(inputs[0], builder, own, operation.mode)  # type: ignore[arg-type]
    fill = float(number(0.0 if value is None else value, "constant_values"))
    if operation.mode != "constant" or fill == 0:
        return y
    inside = np.zeros(builder.shape(inputs[0]))
    border = np.pad(inside, own, constant_values=fill)
    return builder.affine(y, 1.0, border, suffix="_offset")


@handles_operation("PadImages")
@channels_last
def pad_images(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate image.pad_images: zeros around an image, up to a height and width."""
    height, width, _ = builder.shape(inputs[0])
    after = output_shape(operation, builder)
    amounts = []
    for n, whole, before, behind in (
        (height, after[0], operation.top_padding, operation.bottom_padding),
        (width, after[1], operation.left_padding, operation.right_padding),
    ):
        low = whole - n - behind if before is None else before
        amounts.append((int(low), int(whole - n - low)))
    return pad(inputs[0], builder, (*amounts, (0, 0)))
