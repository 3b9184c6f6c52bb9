"""Handlers of reshapes, slices, and other movements of values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.network.nodes import Resize, Slice
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.ops.arithmetic import spread
from tfsnn.sources.handlers.registry import (
    CHANNELS_FIRST_REFUSED,
    handles_operation,
)
from tfsnn.sources.handlers.structure import pad


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


@handles_operation("GetItem")
def get_item(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate ``x[:, 1:3, ::2, 0]``: slices, numbers, None and Ellipsis."""
    x, key = inputs[0], builder.argument(1, "key")
    key = tuple(key) if isinstance(key, list | tuple) else (key,)
    before = builder.shape(x)
    if any(isinstance(item, Signal | np.ndarray | list) for item in key):
        raise Unsupported("it is indexed by an array: use keras.ops.take")
    used = sum(item is not None and item is not Ellipsis for item in key)
    rest = (slice(None),) * (len(before) + 1 - used)
    if Ellipsis in key:
        place = key.index(Ellipsis)
        key = key[:place] + rest + key[place + 1 :]
    else:
        key = key + rest
    if key[0] != slice(None):
        raise Unsupported(f"[{key[0]}] on the batch would lose samples: begin with ':'")
    starts, stops, steps, moved, shape = [], [], [], [], []
    axis = 0
    for item in key[1:]:
        if item is None:
            shape.append(1)
            continue
        length = before[axis]
        axis += 1
        whole = item if isinstance(item, slice) else slice(item, item + 1 or None)
        start, stop, step = whole.indices(length)
        count = len(range(start, stop, step))
        if count == 0:
            raise Unsupported(f"[{item}] leaves nothing of {length} values: take some")
        starts.append(start)
        to_the_end = stop < 0 or (start == 0 and count == length)
        stops.append(None if to_the_end else stop)
        steps.append(step)
        moved.append(count)
        if isinstance(item, slice):
            shape.append(count)
    y = x
    if tuple(moved) != before or any(step != 1 for step in steps):
        limits = (tuple(starts), tuple(stops), tuple(steps))
        y = builder.add(Slice, (x,), moved, *limits)
    y = builder.reshape(y, shape)
    return builder.drop(inputs, "it takes everything") if y == x else y


@handles_operation("Concatenate")
def concatenate(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate concatenate along an axis of each sample."""
    signals = _signals(builder)
    axis = builder.axis(operation.axis, len(builder.shape(signals[0])))
    return builder.concatenate(signals, axis)


@handles_operation("Stack")
def stack(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate stack along a new axis of each sample."""
    signals = _signals(builder)
    before = builder.shape(signals[0])
    axis = builder.axis(operation.axis, len(before) + 1)
    shape = (*before[:axis], 1, *before[axis:])
    return builder.concatenate([builder.reshape(x, shape) for x in signals], axis)


def _signals(builder: Builder) -> list[Signal]:
    """Return the list that the call is given, with constants turned into signals."""
    given = builder.args[0] if builder.args else builder.kwargs["xs"]
    shape = builder.shape(next(x for x in given if isinstance(x, Signal)))
    return [
        x
        if isinstance(x, Signal)
        else spread(np.asarray(x, np.float32)[0], builder, shape)
        for x in given
    ]


@handles_operation("Split")
def split(operation: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate split into parts along an axis of each sample."""
    before = builder.shape(inputs[0])
    axis = builder.axis(operation.axis, len(before))
    given = operation.indices_or_sections
    if isinstance(given, int):
        size = before[axis] // given
        borders = [size * i for i in range(given + 1)]
    else:
        borders = [0, *(int(i) for i in given), before[axis]]
    return [
        builder.slice(inputs[0], axis, start, stop)
        for start, stop in itertools.pairwise(borders)
    ]


@handles_operation("Unstack")
def unstack(operation: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate unstack: one output for each place along an axis."""
    before = builder.shape(inputs[0])
    axis = builder.axis(operation.axis, len(before))
    shape = (*before[:axis], *before[axis + 1 :])
    return [
        builder.reshape(builder.slice(inputs[0], axis, i, i + 1), shape)
        for i in range(before[axis])
    ]


@handles_operation("Repeat")
def repeat(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate repeat: each value several times along an axis."""
    if operation.axis is None or not isinstance(operation.repeats, int):
        raise Unsupported(
            "samples would be mixed: give one number of repeats and an axis"
        )
    axis = builder.axis(operation.axis, len(builder.shape(inputs[0])))
    places = np.arange(builder.shape(inputs[0])[axis])
    return builder.take(inputs[0], axis, np.repeat(places, operation.repeats))


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


@handles_operation("Flip")
def flip(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate flip: reverse axes of each sample."""
    y = inputs[0]
    for axis in builder.axes(operation.axis, len(builder.shape(y))):
        y = builder.take(y, axis, range(builder.shape(y)[axis])[::-1])
    return y


@handles_operation("Roll")
def roll(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate roll: shift an axis, its end to its start."""
    if not isinstance(operation.shift, int) or not isinstance(operation.axis, int):
        raise Unsupported("it may roll the batch: give one shift and one axis")
    axis = builder.axis(operation.axis, len(builder.shape(inputs[0])))
    places = np.roll(np.arange(builder.shape(inputs[0])[axis]), operation.shift)
    return builder.take(inputs[0], axis, places)


@handles_operation("Take")
def take(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate take: the values at constant places along an axis."""
    indices = builder.argument(1, "indices")
    if isinstance(indices, Signal):
        raise Unsupported("its indices are computed in the model: use an Embedding")
    if operation.axis is None:
        raise Unsupported("axis=None includes the batch: name another axis")
    before = builder.shape(inputs[0])
    axis = builder.axis(operation.axis, len(before))
    places = np.asarray(indices, int)
    y = builder.take(inputs[0], axis, places.ravel() % before[axis])
    shape = (*before[:axis], *places.shape, *before[axis + 1 :])
    return builder.reshape(y, shape)


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
    if operation.mode == "constant" and value not in (None, 0, 0.0):
        raise Unsupported(
            f"constant_values={value}; only 0 is supported: pad with zeros, or "
            "concatenate a constant"
        )
    return pad(inputs[0], builder, tuple(amounts[1:]), operation.mode)  # type: ignore[arg-type]


@handles_operation("Resize")
def resize(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate image.resize to a fixed size."""
    for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        if getattr(operation, name, False):
            raise Unsupported(
                f"{name}=True is not supported: crop or pad before, and leave it out"
            )
    if operation.data_format == "channels_first":
        raise Unsupported(CHANNELS_FIRST_REFUSED)
    size, channels = tuple(operation.size), builder.shape(inputs[0])[-1]
    method, antialias = operation.interpolation, bool(operation.antialias)
    return builder.add(Resize, inputs, (*size, channels), method, antialias)
