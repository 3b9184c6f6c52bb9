"""Handlers of normalisations: a gain and an offset if constant, else running sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.registry import handles
from tfsnn_numpy.private_apis import LAYER_SCALE, STOCHASTIC_DEPTH


def _weight(
    values: Any, default: float, axes: Sequence[int], sample: tuple[int, ...]
) -> np.ndarray:
    """Shape a weight over some axes of a sample so that it broadcasts to the sample.

    Where `axes` are in another order, Keras reshapes the weight in this way as well.
    """
    if values is None:
        return np.full((), default)
    values = np.asarray(values, np.float64)
    if tuple(axes) == (len(sample) - 1,):
        return values.ravel()
    return values.reshape([n if i in axes else 1 for i, n in enumerate(sample)])


def along(
    x: str, axis: int, gain: np.ndarray, offset: np.ndarray, builder: Builder
) -> str:
    """Add gain * x + offset, ``(n,)`` along an axis as Keras counts, with samples."""
    shape = builder.shape(x)
    axes = builder.axes(axis, len(shape))
    gain, offset = (_weight(values, 0.0, axes, shape) for values in (gain, offset))
    return builder.affine(x, gain, offset)


@handles(layers.BatchNormalization)
def batch_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate BatchNormalization with its moving statistics: a gain and an offset."""
    variance = np.asarray(layer.moving_variance, np.float64)
    gain = 1.0 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        gain = gain * np.asarray(layer.gamma, np.float64)
    offset = -np.asarray(layer.moving_mean, np.float64) * gain
    if layer.center:
        offset = offset + np.asarray(layer.beta, np.float64)
    return along(inputs[0], layer.axis, gain, offset, builder)


@handles(layers.Rescaling)
def rescaling(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Rescaling: x * scale + offset."""
    gain, offset = np.asarray(layer.scale), np.asarray(layer.offset)
    return builder.affine(inputs[0], gain, offset)


@handles(layers.Normalization)
def normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Normalization, (x - mean) / max(std, epsilon), and its inverse."""
    shape = builder.shape(inputs[0])
    mean = np.asarray(layer.mean, np.float64)[0]
    deviation = np.sqrt(np.asarray(layer.variance, np.float64)[0])
    deviation = np.maximum(deviation, 1e-7)  # 1e-7 is Keras's backend.epsilon()
    gain = 1.0 / deviation
    weights = (deviation, mean) if layer.invert else (gain, -mean * gain)
    gain, offset = (
        np.broadcast_to(a, shape) if a.shape[:-1] != (1,) * (a.ndim - 1) else a.ravel()
        for a in weights
    )
    return builder.affine(inputs[0], gain, offset)


def _with_weights(
    y: str, layer: Any, axes: Sequence[int], builder: Builder, *names: str
) -> str:
    """Add y * gain + offset with the layer's weights of these names, if it has them."""
    shape = builder.shape(y)
    gain, offset = (
        _weight(getattr(layer, name, None), default, axes, shape)
        for name, default in zip((*names, ""), (1.0, 0.0), strict=False)
    )
    if gain.shape == () and offset.shape == ():
        return y
    return builder.affine(y, gain, offset, suffix="_scale")


@handles(layers.LayerNormalization)
def layer_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate LayerNormalization over any axes."""
    axes = builder.axes(layer.axis, len(builder.shape(inputs[0])))
    if getattr(layer, "rms_scaling", False):
        raise Unsupported("rms_scaling=True is not supported: use RMSNormalization")
    y = builder.function("layer_norm", inputs, axes=axes, epsilon=float(layer.epsilon))
    return _with_weights(y, layer, axes, builder, "gamma", "beta")


@handles(layers.GroupNormalization)
def group_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate GroupNormalization of the channels, on any axis."""
    shape = builder.shape(inputs[0])
    channels = builder.axis(layer.axis, len(shape))
    others = [axis for axis in range(len(shape)) if axis != channels]
    order = (*others, channels)
    groups = shape[channels] if layer.groups == -1 else layer.groups
    epsilon = float(layer.epsilon)
    x = builder.transpose(inputs[0], order, "_channels_last")
    normal = builder.function("group_norm", (x,), groups=groups, epsilon=epsilon)
    last = (len(shape) - 1,)
    y = _with_weights(normal, layer, last, builder, "gamma", "beta")
    back = [order.index(axis) for axis in range(len(order))]
    return builder.transpose(y, back, "_channels_first")


@handles(layers.RMSNormalization)
def rms_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate RMSNormalization over any axes."""
    axes = builder.axes(layer.axis, len(builder.shape(inputs[0])))
    y = builder.function("rms_norm", inputs, axes=axes, epsilon=float(layer.epsilon))
    return _with_weights(y, layer, axes, builder, "scale")


@handles(layers.UnitNormalization)
def unit_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate UnitNormalization: the L2 norm over some axes becomes 1."""
    axes = builder.axes(layer.axis, len(builder.shape(inputs[0])))
    return builder.function("unit_norm", inputs, axes=axes, epsilon=1e-12)


@handles(*filter(None, [LAYER_SCALE.find()]))
def layer_scale(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate LayerScale, the gain per channel of ConvNeXt's blocks."""
    return builder.affine(inputs[0], np.asarray(layer.gamma))


@handles(*filter(None, [STOCHASTIC_DEPTH.find()]))
def stochastic_depth(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate StochasticDepth, ConvNeXt's dropout of branches: nothing is left."""
    return builder.drop(inputs, "identity at inference")
