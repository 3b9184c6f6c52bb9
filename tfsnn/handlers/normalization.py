"""Layers that are a gain and an offset per channel at inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.handlers.registry import Builder, Unsupported, handles
from tfsnn.nodes import Affine


def affine(
    inputs: Sequence[str], builder: Builder, gain: np.ndarray, offset: np.ndarray
) -> str:
    """An affine node, in float32; both arrays broadcast to the shape of the input."""
    shape = builder.shape(inputs[0])
    gain = np.broadcast_to(gain, shape[-1:] if np.ndim(gain) < 2 else shape)
    offset = np.broadcast_to(offset, shape[-1:] if np.ndim(offset) < 2 else shape)
    return builder.add(
        Affine,
        inputs,
        shape,
        gain=gain.astype(np.float32),
        offset=offset.astype(np.float32) if offset.any() else None,
    )


@handles(layers.BatchNormalization)
def batch_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """BatchNormalization with its moving statistics."""
    rank = len(builder.shape(inputs[0]))
    axis = layer.axis[0] if isinstance(layer.axis, list | tuple) else layer.axis
    if axis not in (-1, rank):
        raise Unsupported(f"axis={axis}; only the last axis, the channels, is")
    variance = np.asarray(layer.moving_variance, np.float64)
    gain = 1.0 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        gain = gain * np.asarray(layer.gamma, np.float64)
    offset = -np.asarray(layer.moving_mean, np.float64) * gain
    if layer.center:
        offset = offset + np.asarray(layer.beta, np.float64)
    return affine(inputs, builder, gain, offset)


@handles(layers.Rescaling)
def rescaling(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Rescaling: x * scale + offset."""
    gain, offset = np.asarray(layer.scale), np.asarray(layer.offset)
    return affine(inputs, builder, gain, offset)


@handles(layers.Normalization, only={"invert": (False,)})
def normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Normalization: (x - mean) / max(sqrt(variance), epsilon)."""
    shape = builder.shape(inputs[0])
    mean = np.asarray(layer.mean, np.float64)[0]
    deviation = np.sqrt(np.asarray(layer.variance, np.float64)[0])
    gain = 1.0 / np.maximum(deviation, 1e-7)  # as Keras: backend.epsilon()
    gain, offset = (
        np.broadcast_to(a, shape) if a.shape[:-1] != (1,) * (a.ndim - 1) else a.ravel()
        for a in (gain, -mean * gain)
    )
    return affine(inputs, builder, gain, offset)
