"""Translators of what follows an axis: reversal, rotation, running sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.translators.pooling import sample_axes

RUNNING = {"Cumsum": ops.cumsum, "Cumprod": ops.cumprod}


@translates("ReverseV2", "Reverse")
def reverse(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the reversal of axes of each sample."""
    given = np.ravel(rebuild.network.argument(operation, 1))
    if operation.type == "Reverse":  # it has a truth value for each axis
        given = np.flatnonzero(given)
    x, axes = sample_axes(rebuild, operation.inputs[0], given)
    y = x
    for axis in axes:
        y = rebuild.raw(lambda z, axis=axis: ops.flip(z, axis=axis), y)
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


@translates("Roll")
def roll(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the rotation of axes of each sample."""
    shifts, given = (np.ravel(rebuild.network.argument(operation, i)) for i in (1, 2))
    y, axes = sample_axes(rebuild, operation.inputs[0], given)
    for shift, axis in zip(shifts, axes, strict=True):
        y = rebuild.raw(
            lambda z, shift=shift, axis=axis: ops.roll(z, int(shift), axis=axis), y
        )
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


@translates(*RUNNING)
def running(operation: Any, rebuild: Rebuild) -> Any:
    """Translate running sums and products along an axis of each sample."""
    given = int(rebuild.network.argument(operation, 1))
    x, (axis,) = sample_axes(rebuild, operation.inputs[0], [given])
    backwards = operation.get_attr("reverse")
    y = rebuild.raw(lambda z: ops.flip(z, axis=axis), x) if backwards else x
    y = rebuild.raw(lambda z: RUNNING[operation.type](z, axis=axis), y)
    if operation.get_attr("exclusive"):
        widths = [(0, 0)] * len(x.shape)
        widths[axis] = (1, 0)
        start = 0.0 if operation.type == "Cumsum" else 1.0
        before = (slice(None),) * axis + (slice(0, -1),)
        y = rebuild.raw(lambda z: ops.pad(z[before], widths, constant_values=start), y)
    if backwards:
        y = rebuild.raw(lambda z: ops.flip(z, axis=axis), y)
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)
