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


@handles(layers.BatchNormalization)
def batch_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate BatchNormalization with its moving statistics: a gain and an offset."""
    rank = len(builder.shape(inputs[0]))
    axis = layer.axis[0] if isinstance(layer.axis, list | tuple) else layer.axis
    if axis not in (-1, rank):
        raise Unsupported(
            f"it normalises axis {axis}; only the last axis (channels) is supported: "
            "move the channels last, or export the model as a SavedModel"
        )
    variance = np.asarray(layer.moving_variance, np.float64)
    gain = 1.0 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        gain = gain * np.asarray(layer.gamma, np.float64)
    offset = -np.asarray(layer.moving_mean, np.float64) * gain
    if layer.center:
        offset = offset + np.asarray(layer.beta, np.float64)
    return builder.affine(inputs[0], gain, offset)


@handles(layers.Rescaling)
def rescaling(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Rescaling: x * scale + offset."""
    gain, offset = np.asarray(layer.scale), np.asarray(layer.offset)
    return builder.affine(inputs[0], gain, offset)


@handles(layers.Normalization, only={"invert": (False,)})
def normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Normalization: (x - mean) / max(sqrt(variance), epsilon)."""
    shape = builder.shape(inputs[0])
    mean = np.asarray(layer.mean, np.float64)[0]
    deviation = np.sqrt(np.asarray(layer.variance, np.float64)[0])
    gain = 1.0 / np.maximum(deviation, 1e-7)  # 1e-7 is Keras's backend.epsilon()
    gain, offset = (
        np.broadcast_to(a, shape) if a.shape[:-1] != (1,) * (a.ndim - 1) else a.ravel()
        for a in (gain, -mean * gain)
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
    """Translate GroupNormalization of the channels, the last axis."""
    shape = builder.shape(inputs[0])
    if builder.axis(layer.axis, len(shape)) != len(shape) - 1:
        raise Unsupported(
            f"it normalises axis {layer.axis}; only the last axis (channels) is "
            "supported: move the channels last"
        )
    groups = shape[-1] if layer.groups == -1 else layer.groups
    epsilon = float(layer.epsilon)
    y = builder.function("group_norm", inputs, groups=groups, epsilon=epsilon)
    return _with_weights(y, layer, (len(shape) - 1,), builder, "gamma", "beta")


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
