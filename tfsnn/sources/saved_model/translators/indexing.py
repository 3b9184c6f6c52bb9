"""Translators of slices, lookups in tables, and indices of the largest element."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused
from tfsnn.sources.saved_model.translators.convolution import CROPPINGS, around
from tfsnn.sources.saved_model.translators.pooling import sample_axes


@translates("StridedSlice")
def strided_slice(operation: Any, rebuild: Rebuild) -> Any:
    """Translate ``x[begin:end:stride, ...]`` with all of TensorFlow's masks."""
    begin, end, strides = (_bounds(operation, rebuild, i) for i in (1, 2, 3))
    masks = {
        name: int(operation.get_attr(f"{name}_mask"))
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    shape = operation.inputs[0].shape.as_list()
    parts: list[slice] = []
    taken = sum(1 for i in range(len(begin)) if not masks["new_axis"] >> i & 1)
    taken -= bool(masks["ellipsis"])
    for i in range(len(begin)):
        if masks["ellipsis"] >> i & 1:
            parts += [slice(None)] * (len(shape) - taken)
        elif masks["new_axis"] >> i & 1:
            continue
        elif masks["shrink_axis"] >> i & 1:
            at = int(begin[i]) % shape[len(parts)]
            parts.append(slice(at, at + 1))
        else:
            parts.append(
                slice(
                    None if masks["begin"] >> i & 1 else int(begin[i]),
                    None if masks["end"] >> i & 1 else int(end[i]),
                    int(strides[i]),
                )
            )
    return _sliced(operation, rebuild, parts)


@translates("Slice")
def plain_slice(operation: Any, rebuild: Rebuild) -> Any:
    """Translate ``x[begin:begin + size]`` on every axis."""
    begin, size = (_bounds(operation, rebuild, i) for i in (1, 2))
    parts = [
        slice(int(b), None if n == -1 else int(b + n))
        for b, n in zip(begin, size, strict=True)
    ]
    return _sliced(operation, rebuild, parts)


def _bounds(operation: Any, rebuild: Rebuild, index: int) -> np.ndarray:
    """Return a slice's bounds, at the graph's batch size if they depend on that."""
    tensor = operation.inputs[index]
    value = rebuild.network.constant(tensor)
    if value is None:
        value = rebuild.network.batch_values(tensor)
    if value is None:
        raise Refused(
            "its bounds are computed from the input; only constants are supported: "
            "export the model with fixed bounds"
        )
    return value


def _sliced(operation: Any, rebuild: Rebuild, parts: list[slice]) -> Any:
    tensor = operation.inputs[0]
    shape = tensor.shape.as_list()
    ranges = [range(n)[part] for n, part in zip(shape, parts, strict=False)]
    cut = [i for i, kept in enumerate(ranges) if kept != range(shape[i])]
    x, axes = sample_axes(rebuild, tensor, cut)
    after = rebuild.layout(operation.outputs[0]).units
    index = [slice(None)] * len(x.shape)
    amounts = [(0, 0)] * len(x.shape)
    for axis, i in zip(axes, cut, strict=True):
        kept = ranges[i]
        stop = kept.stop if kept.stop >= 0 else None
        index[axis] = slice(kept.start, stop, kept.step)
        amounts[axis] = (
            (kept.start, shape[i] - kept.stop) if kept.step == 1 else (-1, 0)
        )
    if not cut:
        return rebuild.reshape(x, after)
    crops = min(a for a, _ in amounts) >= 0 and 3 <= len(x.shape) <= 5
    whole = tuple(len(range(n)[s]) for n, s in zip(x.shape[1:], index[1:], strict=True))
    if crops and amounts[-1] == (0, 0) and whole == after:
        return around(rebuild, CROPPINGS, x, amounts[1:-1])
    y = rebuild.raw(lambda z: z[tuple(index)], x)
    return rebuild.reshape(y, after)


@translates("GatherV2", "Gather")
def gather(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the lookup of rows of a constant, or of constant places of a tensor."""
    table, indices = operation.inputs[:2]
    axis = 0
    if operation.type == "GatherV2":
        axis = int(rebuild.network.argument(operation, 2))
        if operation.get_attr("batch_dims"):
            raise Refused("batch_dims is not supported: use tf.gather without it")
    values, places = rebuild[table], rebuild[indices]
    if isinstance(values, np.ndarray):
        if axis % values.ndim == 0:
            return _take(rebuild, values, places, 0)
        raise Refused(
            f"it looks up a constant on axis {axis}; only axis 0 is supported: "
            "transpose the table"
        )
    if not isinstance(places, np.ndarray):
        raise Refused(
            "both its table and its indices depend on the input: make one of them "
            "constant"
        )
    x, (keras_axis,) = sample_axes(rebuild, table, [axis])
    y = rebuild.raw(lambda z: ops.take(z, places, axis=keras_axis), x)
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


@translates("GatherNd")
def gather_nd(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the look-up of constant places where the batch is one sample."""
    values, places = rebuild[operation.inputs[0]], rebuild[operation.inputs[1]]
    whole = isinstance(values, np.ndarray) or not isinstance(places, np.ndarray)
    if whole or rebuild.network.fixed != 1:
        raise Refused(
            "it takes values at places that are computed, or across the samples of a "
            "batch: use tf.gather with constant indices and an axis"
        )
    shape = operation.inputs[0].shape.as_list()
    depth = places.shape[-1]
    flat = np.ravel_multi_index(np.moveaxis(places, -1, 0), shape[:depth])
    x = rebuild.raw(
        lambda z: ops.reshape(z, (-1, int(np.prod(shape[:depth])), *shape[depth:])),
        values,
    )
    y = rebuild.raw(lambda z: ops.take(z, flat, axis=1), x)
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


def _take(rebuild: Rebuild, table: np.ndarray, places: Any, axis: int) -> Any:
    return rebuild.raw(lambda z: ops.take(table, z, axis=axis), places)


@translates("OneHot")
def one_hot(operation: Any, rebuild: Rebuild) -> Any:
    """Translate one-hot vectors along an axis."""
    depth, on, off = (rebuild.network.argument(operation, i) for i in (1, 2, 3))
    place = rebuild.layout(operation.outputs[0])
    axis = place.keras_axis(operation.get_attr("axis"))
    dtype = operation.outputs[0].dtype.name
    x = rebuild[operation.inputs[0]]
    y = rebuild.raw(lambda z: ops.one_hot(z, int(depth), dtype=dtype), x)
    if axis != len(y.shape) - 1:
        y = rebuild.raw(lambda z: ops.moveaxis(z, -1, axis), y)
    if on != 1 or off != 0:
        y = rebuild.raw(lambda z: z * (on - off).item() + off.item(), y)
    return rebuild.reshape(y, place.units)


@translates("ArgMax", "ArgMin")
def arg_most(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the index of an extreme value, which has to be left outside (--to)."""
    axis = int(rebuild.network.argument(operation, 1))
    x, (keras_axis,) = sample_axes(rebuild, operation.inputs[0], [axis])
    function = ops.argmax if operation.type == "ArgMax" else ops.argmin
    dtype = operation.outputs[0].dtype.name
    y = rebuild.raw(lambda z: ops.cast(function(z, axis=keras_axis), dtype), x)
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)
