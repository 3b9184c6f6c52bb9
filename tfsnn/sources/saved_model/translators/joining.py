"""Translators that join several tensors, or split one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers, ops

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Layout, Refused
from tfsnn.sources.saved_model.translators.pooling import sample_axes


@translates("ConcatV2", "Concat")
def concatenate(operation: Any, rebuild: Rebuild) -> Any:
    """Translate concatenation along an axis of each sample."""
    given = list(operation.inputs)
    axis_tensor = given.pop(-1 if operation.type == "ConcatV2" else 0)
    axis = rebuild.network.constant(axis_tensor)
    if axis is None:
        raise Refused(
            "its axis is computed from the input: export the model with a fixed axis"
        )
    values, axes = _placed(rebuild, operation, given, int(axis))
    if len(set(axes)) != 1:
        raise Refused(
            "its arguments hold the batch on different axes: transpose one of them "
            "before export"
        )
    turn = all(rebuild.is_channels_first(x) for x in values)
    keras_axis = axes[0]
    if turn:
        values = [rebuild.channels_last(x) for x in values]
        keras_axis = len(values[0].shape) - 1 if axes[0] == 1 else axes[0] - 1
    if len(values) == 1:
        y = values[0]
    else:
        last = keras_axis == len(values[0].shape) - 1
        y = rebuild.layer(layers.Concatenate, values, axis=-1 if last else keras_axis)
    if turn:
        return rebuild.channels_first(y)
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


@translates("Pack")
def stack(operation: Any, rebuild: Rebuild) -> Any:
    """Translate stacking along a new axis."""
    rank = operation.outputs[0].shape.rank
    axis = operation.get_attr("axis") % rank
    after: Layout = rebuild.layout(operation.outputs[0])
    values = [_of_sample(rebuild, t, operation, axis) for t in operation.inputs]
    if rebuild.network.fixed == 1 and axis == 0:
        keras_axis = 1
    else:
        keras_axis = after.keras_axis(axis)
    y = rebuild.raw(lambda *given: ops.stack(given, axis=keras_axis), *values)
    return rebuild.reshape(y, after.units)


def _of_sample(rebuild: Rebuild, tensor: Any, operation: Any, axis: int) -> Any:
    """Return the Keras tensor of an argument of a stack."""
    value = rebuild[tensor]
    if isinstance(value, np.ndarray):
        raise Refused("it stacks a constant, without a batch: concatenate it instead")
    if rebuild.network.fixed == 1 and axis == 0:
        shape = tensor.shape.as_list()
        return rebuild.raw(lambda x: ops.reshape(x, (-1, *shape)), value)
    if rebuild.layout(tensor).rows > 1 and axis == 0:
        raise Refused(
            "it stacks in front of an axis that is merged with the batch: stack along "
            "another axis"
        )
    return value


def _placed(
    rebuild: Rebuild, operation: Any, tensors: Sequence[Any], axis: int
) -> tuple[list[Any], list[int]]:
    """Return Keras tensors with the axis in each; constants repeat for each sample."""
    live = [t for t in tensors if not isinstance(rebuild[t], np.ndarray)]
    placed = {t.name: sample_axes(rebuild, t, [axis]) for t in live}
    first, axes = placed[live[0].name]
    values = []
    for tensor in tensors:
        if tensor.name in placed:
            values.append(placed[tensor.name][0])
        else:
            values.append(_repeated(rebuild, rebuild[tensor], first))
    return values, [found[1][0] for found in placed.values()] or axes


def _repeated(rebuild: Rebuild, constant: np.ndarray, like: Any) -> Any:
    """Repeat a constant ``(1, ...)`` for each sample of a tensor."""
    if constant.shape[:1] != (1,):
        raise Refused(
            "it joins a constant whose first axis is not the batch: give it 1 as first "
            "axis"
        )
    ones = (-1, *[1] * (constant.ndim - 1))
    zero = rebuild.raw(
        lambda x: ops.zeros_like(ops.reshape(x, (ops.shape(x)[0], -1))[:, :1]), like
    )
    zero = rebuild.raw(lambda x: ops.reshape(x, ones), zero)
    return rebuild.raw(ops.add, zero, constant)


@translates("Split", "SplitV")
def split(operation: Any, rebuild: Rebuild) -> list[Any]:
    """Translate splitting along an axis of each sample."""
    value, axis = (0, 2) if operation.type == "SplitV" else (1, 0)
    tensor = operation.inputs[value]
    given = int(rebuild.network.argument(operation, axis))
    x, (keras_axis,) = sample_axes(rebuild, tensor, [given])
    sizes = [output.shape.as_list()[given] for output in operation.outputs]
    bounds = [0, *np.cumsum(sizes).tolist()]
    return [
        rebuild.reshape(
            _part(rebuild, x, keras_axis, slice(begin, end)),
            rebuild.layout(output).units,
        )
        for output, begin, end in zip(
            operation.outputs, bounds[:-1], bounds[1:], strict=True
        )
    ]


@translates("Unpack")
def unstack(operation: Any, rebuild: Rebuild) -> list[Any]:
    """Translate unstacking: the parts along an axis, without that axis."""
    x, (axis,) = sample_axes(rebuild, operation.inputs[0], [operation.get_attr("axis")])
    return [
        rebuild.reshape(
            _part(rebuild, x, axis, slice(i, i + 1)), rebuild.layout(output).units
        )
        for i, output in enumerate(operation.outputs)
    ]


def _part(rebuild: Rebuild, x: Any, axis: int, part: slice) -> Any:
    index = (*[slice(None)] * axis, part)
    return rebuild.raw(lambda z: z[index], x)
