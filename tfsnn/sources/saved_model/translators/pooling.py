"""Translators of pooling over windows, and of reductions over whole axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import layers, ops

from tfsnn.sources.saved_model.convolution import data_order
from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Layout, Refused

WINDOWS: dict[str, tuple[type, ...]] = {
    "AvgPool": (layers.AveragePooling1D, layers.AveragePooling2D),
    "MaxPool": (layers.MaxPooling1D, layers.MaxPooling2D),
    "MaxPoolV2": (layers.MaxPooling1D, layers.MaxPooling2D),
    "MaxPoolWithArgmax": (layers.MaxPooling1D, layers.MaxPooling2D),
    "AvgPool3D": (layers.AveragePooling3D,),
    "MaxPool3D": (layers.MaxPooling3D,),
}
REDUCTIONS: dict[str, Callable[..., Any]] = {
    "Mean": ops.mean,
    "Sum": ops.sum,
    "Max": ops.max,
    "Min": ops.min,
    "Prod": ops.prod,
    "All": ops.all,
    "Any": ops.any,
    "EuclideanNorm": lambda x, **over: ops.sqrt(ops.sum(ops.square(x), **over)),
}
GLOBAL: dict[tuple[str, int], type] = {
    ("Mean", 1): layers.GlobalAveragePooling1D,
    ("Mean", 2): layers.GlobalAveragePooling2D,
    ("Mean", 3): layers.GlobalAveragePooling3D,
    ("Max", 1): layers.GlobalMaxPooling1D,
    ("Max", 2): layers.GlobalMaxPooling2D,
    ("Max", 3): layers.GlobalMaxPooling3D,
}


@translates(*WINDOWS)
def pooling(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the average or maximum over windows."""
    first, axes = data_order(operation)
    rows = rebuild.layout(operation.inputs[0]).rows
    x = rebuild[operation.inputs[0]]
    x = rebuild.channels_last(x) if first else x
    if operation.get_attr("padding") == b"EXPLICIT":
        stated = operation.get_attr("explicit_paddings")
        pads = [(stated[2 * axis], stated[2 * axis + 1]) for axis in axes]
        x = mirrored(rebuild, operation, x, pads)
    y = emit_pooling(rebuild, operation, x, axes, rows)
    return rebuild.channels_first(y) if first else y


def mirrored(
    rebuild: Rebuild, operation: Any, x: Any, pads: Sequence[tuple[int, int]]
) -> Any:
    """Surround images so that the maximum over a window is that of its own pixels.

    A window that reaches over the border gets copies of pixels that it has anyway,
    where it is at least twice as large as what it reaches over.

    Raises:
        Refused: if it is smaller.
    """
    spatial = data_order(operation)[1]
    window = [operation.get_attr("ksize")[axis] for axis in spatial]
    rows = rebuild.layout(operation.inputs[0]).rows
    if rows > 1 or any(2 * max(p) > n for p, n in zip(pads, window, strict=True)):
        raise Refused(
            f"windows of {window} over images padded by {list(pads)} have no Keras "
            "layer: pad by half a window at most"
        )
    widths = [(0, 0), *pads, (0, 0)]
    return rebuild.raw(lambda y: ops.pad(y, widths, mode="symmetric"), x)


def emit_pooling(
    rebuild: Rebuild, operation: Any, x: Any, axes: list[int], rows: int
) -> Any:
    """Make the layer that pools over these axes of the graph.

    Raises:
        Refused: if it would pool over the batch or channels, or pads explicitly.
    """
    if operation.type == "MaxPoolV2":
        given = (rebuild.network.argument(operation, i) for i in (1, 2))
        window, strides = (array.tolist() for array in given)
    else:
        window, strides = operation.get_attr("ksize"), operation.get_attr("strides")
    spatial = data_order(operation)[1]
    others = [n for i, n in enumerate(window) if i not in spatial]
    padding = operation.get_attr("padding").decode()
    if set(others) != {1}:
        raise Refused(
            f"ksize={list(window)} has no Keras layer: pool over spatial axes only"
        )
    kinds = WINDOWS[operation.type]
    size = [window[i] for i in axes]
    steps = [strides[i] for i in axes]
    single = len(axes) == 1
    return rebuild.weighted(
        kinds[len(axes) - 1 if len(kinds) > 1 else 0],
        x,
        [],
        each_row=rows > 1,
        pool_size=size[0] if single else tuple(size),
        strides=steps[0] if single else tuple(steps),
        padding="same" if padding == "SAME" else "valid",
    )


@translates(*REDUCTIONS)
def reduction(operation: Any, rebuild: Rebuild) -> Any:
    """Translate mean, sum, maximum and other reductions over axes."""
    given = np.ravel(rebuild.network.argument(operation, 1))
    tensor = operation.inputs[0]
    keep = operation.get_attr("keep_dims")
    x, axes = sample_axes(rebuild, tensor, given)
    place = rebuild.layout(tensor)
    units = rebuild.layout(operation.outputs[0]).units
    if rebuild.is_channels_first(x) and sorted(axes) == list(range(2, len(x.shape))):
        x, axes = rebuild.channels_last(x), list(range(1, len(x.shape) - 1))
        turned = keep
    else:
        turned = False
    kind = GLOBAL.get((operation.type, len(axes)))
    spatial = sorted(axes) == list(range(1, len(x.shape) - 1))
    if kind is not None and spatial and place.rows == 1 and x.dtype != "bool":
        y = rebuild.layer(kind, x, keepdims=keep)
    else:
        function = REDUCTIONS[operation.type]
        y = rebuild.raw(
            lambda z: function(z, axis=tuple(axes), keepdims=keep) if axes else z, x
        )
    return rebuild.channels_first(y) if turned else rebuild.reshape(y, units)


def sample_axes(rebuild: Rebuild, tensor: Any, axes: Any) -> tuple[Any, list[int]]:
    """Return a Keras tensor, and its axes for these axes of the graph's tensor.

    Where the signature's batch is fixed to one sample, its axis is like any other.
    """
    place: Layout = rebuild.layout(tensor)
    x = rebuild[tensor]
    asked = [int(axis) % place.rank for axis in axes]
    if rebuild.network.fixed == 1 and place.axis in asked:
        shape = tensor.shape.as_list()
        whole = rebuild.raw(lambda z: ops.reshape(z, (-1, *shape)), x)
        return whole, [axis + 1 for axis in asked]
    return x, [place.keras_axis(axis) for axis in asked]
