"""Handlers of normalisations: constant statistics are linear, others running sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfsnn.sources.handlers.builder import Builder, Signal
from tfsnn.sources.handlers.ops.arithmetic import spread
from tfsnn.sources.handlers.ops.calls import number
from tfsnn.sources.handlers.ops.reduce import norm_over
from tfsnn.sources.handlers.registry import handles_operation


def _epsilon(operation: Any) -> float:
    given = operation.epsilon
    return keras.config.epsilon() if given is None else float(given)


@handles_operation("BatchNorm")
def batch_normalization(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate batch_normalization with constant statistics: gain and offset."""
    x = builder.argument(0, "x")
    rank = len(builder.shape(x))
    axis = builder.axis(operation.axis, rank)
    mean, variance, offset, scale = (
        _on_axes(builder.argument(place, name, default), name, (axis,), x, builder)
        for place, name, default in (
            (1, "mean", None),
            (2, "variance", None),
            (3, "offset", 0.0),
            (4, "scale", 1.0),
        )
    )
    gain = scale / np.sqrt(variance + operation.epsilon)
    return builder.affine(x, gain, offset - mean * gain)


def _on_axes(
    values: Any, name: str, axes: Sequence[int], x: str, builder: Builder
) -> np.ndarray:
    """Return a constant for some axes of a sample, so that it broadcasts to it."""
    shape = builder.shape(x)
    if values is None:
        values = 0.0 if name in ("offset", "beta") else 1.0
    values = number(values, name).astype(np.float64)
    if values.size == 1:
        return values.reshape(())
    if tuple(axes) == (len(shape) - 1,):
        return values.ravel()
    return values.reshape([n if i in axes else 1 for i, n in enumerate(shape)])


@handles_operation("LayerNorm")
def layer_normalization(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate layer_normalization: a running sum, then gain and offset."""
    x = builder.argument(0, "x")
    axes = builder.axes(operation.axis, len(builder.shape(x)))
    epsilon = _epsilon(operation)
    gain = _on_axes(builder.argument(1, "gamma"), "gamma", axes, x, builder)
    offset = _on_axes(builder.argument(2, "beta"), "beta", axes, x, builder)
    if operation.rms_scaling:  # as Keras has it: by the variance, without an offset
        op, offset = "unit_variance", np.zeros(())
    else:
        op = "layer_norm"
    y = builder.function(op, (x,), axes=axes, epsilon=epsilon)
    return _scaled(y, gain, offset, builder)


@handles_operation("RMSNorm")
def rms_normalization(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate rms_normalization: a running sum, then a gain."""
    x = builder.argument(0, "x")
    axes = builder.axes(operation.axis, len(builder.shape(x)))
    gain = _on_axes(builder.argument(1, "scale"), "scale", axes, x, builder)
    y = builder.function("rms_norm", (x,), axes=axes, epsilon=_epsilon(operation))
    return _scaled(y, gain, np.zeros(()), builder)


def _scaled(
    y: Signal, gain: np.ndarray, offset: np.ndarray, builder: Builder
) -> Signal:
    if (gain == 1).all() and not offset.any():
        return y
    return builder.affine(y, gain, offset, suffix="_scale")


@handles_operation("Normalize")
def normalize(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate normalize: the norm over axes becomes 1."""
    axes = builder.axes(operation.axis, len(builder.shape(inputs[0])))
    epsilon = _epsilon(operation)
    if operation.order == 2:
        return builder.function("unit_norm", inputs, axes=axes, epsilon=epsilon)
    size = norm_over(inputs[0], operation.order, axes, True, builder)
    least = spread(np.float32(epsilon), builder, builder.shape(size))
    size = builder.function("maximum", (size, least))
    return builder.function("divide", (inputs[0], size))
