"""Handlers of layers that move values, resize, or do nothing at inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.network.nodes import Pad, Resize
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.channels_first import either_format
from tfsnn.sources.handlers.registry import handles


@handles(layers.Flatten)
@either_format
@handles(layers.Reshape)
def reshape(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Flatten and Reshape, in row-major order."""
    before = builder.shape(inputs[0])
    shape = layer.compute_output_shape((None, *before))[1:]
    if shape == before:
        return builder.drop(inputs, "the shape stays the same")
    return builder.reshape(inputs[0], shape, "")


@handles(layers.Permute)
def permute(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Permute, whose axes count from 1."""
    y = builder.transpose(inputs[0], [axis - 1 for axis in layer.dims])
    if y == inputs[0]:
        return builder.drop(inputs, "the order stays the same")
    return y


@handles(layers.RepeatVector)
def repeat_vector(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate RepeatVector: (C) to (n, C)."""
    x = builder.reshape(inputs[0], (1, *builder.shape(inputs[0])))
    return builder.take(x, 0, [0] * layer.n)


def _pairs(amounts: Any) -> tuple[tuple[int, int], ...]:
    """Return amounts before and after each axis, from any form that Keras stores."""
    pairs = [amounts] if isinstance(amounts[0], int) else amounts
    return tuple((int(low), int(high)) for low, high in pairs)


@handles(layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
@either_format
def zero_padding(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate ZeroPadding: surround each sample with zeros."""
    amounts = (*_pairs(layer.padding), (0, 0))
    return pad(inputs[0], builder, amounts)


def pad(
    x: str,
    builder: Builder,
    amounts: tuple[tuple[int, int], ...],
    mode: str = "constant",
) -> str:
    """Add a node that surrounds each sample, by (before, after) for each axis."""
    before = builder.shape(x)
    shape = [n + sum(pair) for n, pair in zip(before, amounts, strict=True)]
    return builder.add(Pad, (x,), shape, amounts, mode)


@handles(layers.Cropping1D, layers.Cropping2D, layers.Cropping3D)
@either_format
def cropping(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Cropping: drop the values at the borders."""
    y = inputs[0]
    for axis, (low, high) in enumerate(_pairs(layer.cropping)):
        if low or high:
            y = builder.slice(y, axis, low, builder.shape(y)[axis] - high)
    return builder.drop(inputs, "nothing is cropped") if y == inputs[0] else y


@handles(layers.CenterCrop)
@either_format
def center_crop(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate CenterCrop: the middle of an image."""
    y = inputs[0]
    for axis, size in ((0, layer.height), (1, layer.width)):
        room = builder.shape(y)[axis] - size
        if room < 0:
            raise Unsupported(
                f"the image, of shape {builder.shape(inputs[0])}, is smaller than what "
                f"is cropped from it, {layer.height} by {layer.width}: use Resizing"
            )
        if room:
            y = builder.slice(y, axis, room // 2, room // 2 + size)
    return builder.drop(inputs, "nothing is cropped") if y == inputs[0] else y


@handles(layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D)
@either_format
def up_sampling(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate UpSampling: repeat each place, or interpolate between places."""
    sizes = layer.size if isinstance(layer.size, tuple | list) else (layer.size,)
    method = getattr(layer, "interpolation", "nearest")
    before = builder.shape(inputs[0])
    if method != "nearest":
        shape = [n * size for n, size in zip(before, (*sizes, 1), strict=True)]
        return builder.add(Resize, inputs, shape, method)
    y = inputs[0]
    for axis, size in enumerate(sizes):
        if size > 1:
            y = builder.take(y, axis, np.repeat(np.arange(before[axis]), size))
    return builder.drop(inputs, "nothing is repeated") if y == inputs[0] else y


@handles(
    layers.Resizing,
    only={"crop_to_aspect_ratio": (False,), "pad_to_aspect_ratio": (False,)},
)
@either_format
def resizing(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Resizing to a fixed size."""
    shape = (layer.height, layer.width, builder.shape(inputs[0])[-1])
    if shape == builder.shape(inputs[0]):
        return builder.drop(inputs, "the size stays the same")
    antialias = bool(getattr(layer, "antialias", False))
    return builder.add(Resize, inputs, shape, layer.interpolation, antialias)


@handles(
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.AugMix,
    layers.CutMix,
    layers.Dropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.MaxNumBoundingBoxes,
    layers.MixUp,
    layers.RandAugment,
    layers.RandomBrightness,
    layers.RandomColorDegeneration,
    layers.RandomColorJitter,
    layers.RandomContrast,
    layers.RandomElasticTransform,
    layers.RandomErasing,
    layers.RandomFlip,
    layers.RandomGaussianBlur,
    layers.RandomGrayscale,
    layers.RandomHue,
    layers.RandomInvert,
    layers.RandomPerspective,
    layers.RandomPosterization,
    layers.RandomRotation,
    layers.RandomSaturation,
    layers.RandomSharpness,
    layers.RandomShear,
    layers.RandomTranslation,
    layers.RandomZoom,
    layers.Solarization,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
)
def no_operation(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Drop layers that act in training only."""
    return builder.drop(inputs, "identity at inference")
