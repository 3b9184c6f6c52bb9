"""Layers that move values, or do nothing at inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import layers

from tfsnn.handlers.registry import CHANNELS_LAST, Builder, handles
from tfsnn.nodes import Pad, Reshape


@handles(layers.Flatten, only=CHANNELS_LAST)
@handles(layers.Reshape)
def reshape(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Flatten and Reshape, in row-major order."""
    before = builder.shape(inputs[0])
    shape = layer.compute_output_shape((None, *before))[1:]
    if shape == before:
        return builder.drop(inputs, "the shape stays the same")
    return builder.add(Reshape, inputs, shape)


@handles(layers.ZeroPadding2D, only=CHANNELS_LAST)
def zero_padding2d(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """ZeroPadding2D."""
    amounts = (*(tuple(pair) for pair in layer.padding), (0, 0))
    shape = [
        n + sum(pair) for n, pair in zip(builder.shape(inputs[0]), amounts, strict=True)
    ]
    return builder.add(Pad, inputs, shape, amounts)


@handles(
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.Dropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.RandomBrightness,
    layers.RandomContrast,
    layers.RandomFlip,
    layers.RandomRotation,
    layers.RandomTranslation,
    layers.RandomZoom,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
)
def no_operation(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Layers that act in training only."""
    return builder.drop(inputs, "identity at inference")
