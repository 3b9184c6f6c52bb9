"""Translators of operations that move values: reshape, transpose, pad, repeat."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused
from tfsnn.sources.saved_model.translators.convolution import PADDINGS, around
from tfsnn.sources.saved_model.translators.pooling import sample_axes


@translates("Reshape", "Squeeze", "ExpandDims")
def reshape(operation: Any, rebuild: Rebuild) -> Any:
    """Translate a reshape within samples; the batch stays in front."""
    before = rebuild.layout(operation.inputs[0])
    after = rebuild.layout(operation.outputs[0])
    x = rebuild[operation.inputs[0]]
    if before.axis != 0 or after.axis != 0:
        ones = [n for n in before.shape if n != 1] == [n for n in after.shape if n != 1]
        if not ones:
            raise Refused(
                "it reshapes a tensor whose batch is not on the first axis: transpose "
                "the batch to the front before"
            )
    return rebuild.reshape(x, after.units)


@translates("Transpose")
def transpose(operation: Any, rebuild: Rebuild) -> Any:
    """Translate a permutation of the axes of each sample; the batch stays in front."""
    order = [int(i) for i in rebuild.network.argument(operation, 1)]
    tensor = operation.inputs[0]
    after = rebuild.layout(operation.outputs[0])
    before = rebuild.layout(tensor)
    moved = order[after.axis] != before.axis or (
        before.rows > 1 and (order[0] != 0 or after.axis != 0)
    )
    if moved and rebuild.network.fixed != 1:
        raise Refused(
            "it moves an axis that is merged with the batch: reshape that to an axis "
            "of its own before"
        )
    if moved or (order[0] != 0 and rebuild.network.fixed == 1):
        x, axes = sample_axes(rebuild, tensor, [0, *range(1, before.rank)])
        dims = [axes[i] for i in order]
    else:
        x = rebuild[tensor]
        dims = [before.keras_axis(i) for i in order if i != before.axis]
        if before.rows > 1:
            dims = [1, *dims]
    rank = len(x.shape)
    if dims == list(range(1, rank)):
        y = x
    elif dims == [rank - 1, *range(1, rank - 1)]:
        y = rebuild.channels_first(x)
    elif dims == [*range(2, rank), 1]:
        y = rebuild.channels_last(x)
    else:
        y = rebuild.layer(layers.Permute, x, dims=tuple(dims))
    return rebuild.reshape(y, after.units)


@translates("Pad", "PadV2", "MirrorPad")
def pad(operation: Any, rebuild: Rebuild) -> Any:
    """Translate padding: a layer for zeros around spatial axes, else ``keras.ops``."""
    pads = rebuild.network.argument(operation, 1)
    tensor = operation.inputs[0]
    place = rebuild.layout(tensor)
    padded = [i for i, pair in enumerate(pads) if pair.any()]
    x, axes = sample_axes(rebuild, tensor, padded)
    mode, value = "constant", 0.0
    if operation.type == "MirrorPad":
        mode = operation.get_attr("mode").decode().lower()
    if operation.type == "PadV2":
        value = rebuild.network.argument(operation, 2).item()
    widths = [(0, 0)] * len(x.shape)
    for axis, index in zip(axes, padded, strict=True):
        widths[axis] = (int(pads[index][0]), int(pads[index][1]))
    if (
        mode == "constant"
        and value == 0.0
        and place.rows == 1
        and (3 <= len(x.shape) <= 5)
    ):
        if rebuild.is_channels_first(x) and widths[1] == (0, 0):
            y = around(rebuild, PADDINGS, rebuild.channels_last(x), widths[2:])
            return rebuild.channels_first(y)
        if widths[0] == widths[-1] == (0, 0):
            return around(rebuild, PADDINGS, x, widths[1:-1])
    options = {"constant_values": value} if mode == "constant" else {}
    y = rebuild.raw(lambda z: ops.pad(z, widths, mode=mode, **options), x)
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


@translates("DepthToSpace", "SpaceToDepth")
def depth_and_space(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the move of blocks of pixels to channels, or back."""
    size = operation.get_attr("block_size")
    place = rebuild.layout(operation.inputs[0])
    if operation.get_attr("data_format") != b"NHWC" or place.rows > 1:
        raise Refused(
            "only channels last, one image for each sample, is supported: reshape and "
            "transpose to that before"
        )
    height, width, depth = place.shape
    if operation.type == "DepthToSpace":
        parts = (height, width, size, size, depth // size**2)
    else:
        parts = (height // size, size, width // size, size, depth)
    x = rebuild.reshape(rebuild[operation.inputs[0]], parts)
    y = rebuild.layer(layers.Permute, x, dims=(1, 3, 2, 4, 5))
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


@translates("Tile")
def tile(operation: Any, rebuild: Rebuild) -> Any:
    """Translate repetitions of the whole tensor along axes of each sample."""
    multiples = rebuild.network.constant(operation.inputs[1])
    before, after = operation.inputs[0], operation.outputs[0]
    if multiples is None:  # they are computed from the batch size
        multiples = np.array(after.shape.as_list()) // np.array(before.shape.as_list())
    repeated = [i for i, n in enumerate(multiples) if n != 1]
    x, axes = sample_axes(rebuild, before, repeated)
    counts = [1] * len(x.shape)
    for axis, index in zip(axes, repeated, strict=True):
        counts[axis] = int(multiples[index])
    y = rebuild.raw(lambda z: ops.tile(z, counts), x)
    return rebuild.reshape(y, rebuild.layout(after).units)


@translates("BroadcastTo")
def broadcast_to(operation: Any, rebuild: Rebuild) -> Any:
    """Translate repetitions along axes of size 1."""
    tensor = operation.inputs[0]
    before, after = rebuild.layout(tensor), rebuild.layout(operation.outputs[0])
    x = rebuild[tensor]
    if len(before.units) != len(after.units) or before.axis != after.axis:
        raise Refused("it adds axes, which is not supported: reshape before it")
    counts = [
        1 if old == new else new
        for old, new in zip(before.units, after.units, strict=True)
    ]
    return rebuild.raw(lambda z: ops.tile(z, [1, *counts]), x)
