"""Handlers of parts of a signal: slices, indices, diagonals, and updates of parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfsnn.network.nodes import Lookup, Pad, Slice, Source
from tfsnn.network.nodes.movement import Movement
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.linear import contract
from tfsnn.sources.handlers.ops.arithmetic import sample, spread
from tfsnn.sources.handlers.ops.calls import MOVES_SAMPLES, moved, number
from tfsnn.sources.handlers.registry import Handler, handles_operation


@handles_operation("GetItem")
def get_item(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate ``x[:, 1:3, ::2, 0]``: slices, numbers, None and Ellipsis."""
    x, key = inputs[0], builder.argument(1, "key")
    key = tuple(key) if isinstance(key, list | tuple) else (key,)
    before = builder.shape(x)
    if any(isinstance(item, Signal | np.ndarray | list) for item in key):
        raise Unsupported(
            "it is indexed by an array: use keras.ops.take with constant indices, or "
            "cut it off with --to LAYER"
        )
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


def _at(x: str, axis: int, places: np.ndarray, builder: Builder) -> Signal:
    """Add the values at `places`, an array of any shape, along an axis of a sample."""
    before = builder.shape(x)
    y = builder.take(x, axis, places.ravel() % before[axis])
    return builder.reshape(y, (*before[:axis], *places.shape, *before[axis + 1 :]))


@handles_operation("Take")
def take(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate take: values at constant places, or rows of a constant table."""
    x, indices = builder.argument(0, "x"), builder.argument(1, "indices")
    if not isinstance(x, Signal):
        return _rows(np.asarray(x, np.float32), operation.axis, indices, builder)
    if isinstance(indices, Signal):
        raise Unsupported("its indices are computed in the model: use an Embedding")
    if operation.axis is None:
        raise Unsupported("axis=None includes the batch: name another axis")
    axis = builder.axis(operation.axis, len(builder.shape(x)))
    return _at(x, axis, np.asarray(indices, int), builder)


def _rows(table: np.ndarray, axis: int | None, numbers: str, builder: Builder) -> str:
    """Add rows of a table, by an input's numbers or by numbers that are computed."""
    if axis != 0:
        raise Unsupported(
            f"axis={axis} of a constant table: transpose the table and use axis=0"
        )
    places = builder.shape(numbers)
    node = builder.nodes[numbers]
    while isinstance(node, Movement):
        node = builder.nodes[node.inputs[0]]
    if isinstance(node, Source):
        shape = (*places, *table.shape[1:])
        return builder.add(Lookup, (numbers,), shape, table=table)
    rows = len(table)
    y: str = builder.function(
        "one_hot", (numbers,), (*places, rows), classes=rows, axis=len(places)
    )
    y = contract("...r,rc->...c", y, table.reshape(rows, -1), None, builder)
    return builder.reshape(y, (*places, *table.shape[1:]))


def _by_moving(*constants: str) -> Handler:
    """Return a handler that finds by trial where an operation moves values.

    Args:
        constants: names of further arguments, which must be constants.
    """

    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        """Translate an operation that moves values to other places."""
        given = [
            number(builder.argument(i, name), name)
            for i, name in enumerate(constants, 1)
        ]
        y = moved(inputs[0], lambda x: operation.call(x, *given), builder)
        return builder.drop(inputs, "it moves nothing") if y == inputs[0] else y

    return handler


for _name in (
    *("CropImages", "Diagonal", "ExtractPatches", "ExtractSequences"),
    *("Rot90", "Unfold"),
):
    handles_operation(_name)(_by_moving())
handles_operation("Slice")(_by_moving("start_indices"))


@handles_operation("TakeAlongAxis")
def take_along_axis(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate take_along_axis: for each sample the values at constant places."""
    x = builder.argument(0, "x")
    places = number(builder.argument(1, "indices"), "indices")
    if not isinstance(x, Signal) or operation.axis is None:
        raise Unsupported("give it a signal, constant indices and an axis")
    axis = builder.axis(operation.axis, len(builder.shape(x))) + 1
    if places.shape[0] != 1:
        raise Unsupported(
            f"indices of shape {places.shape} are for several samples: give 1 as first "
            "axis"
        )
    both = np.repeat(places, 2, 0)
    return moved(x, lambda v: keras.ops.take_along_axis(v, both, axis), builder)


def _triangle(lower: bool) -> Handler:
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        """Translate tril and triu: zeros above or below a diagonal."""
        shape = builder.shape(inputs[0])
        if len(shape) < 2:
            raise Unsupported(MOVES_SAMPLES)
        ones = np.ones(shape[-2:])
        kept = np.tril(ones, operation.k) if lower else np.triu(ones, operation.k)
        return builder.affine(inputs[0], np.broadcast_to(kept, shape))

    return handler


handles_operation("Tril")(_triangle(lower=True))
handles_operation("Triu")(_triangle(lower=False))


@handles_operation("Trace")
def trace(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate trace: the sum over a diagonal of each sample."""
    axes = (operation.offset, operation.axis1, operation.axis2)
    y = moved(inputs[0], lambda x: keras.ops.diagonal(x, *axes), builder)
    return builder.reduce(y, "sum", (len(builder.shape(y)) - 1,), keepdims=False)


@handles_operation("SliceUpdate")
def slice_update(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate slice_update: zeros where it writes, plus what it writes there."""
    x, updates = builder.argument(0, "inputs"), builder.argument(2, "updates")
    first, *starts = number(builder.argument(1, "start_indices"), "start_indices")
    signals = [y for y in (x, updates) if isinstance(y, Signal)]
    rank = len(builder.shape(signals[0]))
    x, updates = (
        y if isinstance(y, Signal) else spread(sample(y, rank), builder, (0,) * rank)
        for y in (x, updates)
    )
    before, part = builder.shape(x), builder.shape(updates)
    if first != 0 or len(before) != len(part):
        raise Unsupported(MOVES_SAMPLES)
    places = tuple(slice(int(a), int(a) + n) for a, n in zip(starts, part, strict=True))
    kept = np.ones(before)
    kept[places] = 0
    amounts = tuple(
        (int(a), n - int(a) - m) for a, n, m in zip(starts, before, part, strict=True)
    )
    written = builder.add(Pad, (updates,), before, amounts, suffix="_padding")
    rest = builder.affine(x, kept, suffix="_kept")
    return builder.total([rest, written], suffix="_sum")
