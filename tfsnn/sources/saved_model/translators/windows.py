"""Translators of patches of images, and of normalisation over neighbouring channels."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops

from tfsnn.sources.saved_model.convolution import Convolution
from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused, check_matrix
from tfsnn.sources.saved_model.translators.convolution import emit_convolution


@translates("ExtractImagePatches")
def patches(operation: Any, rebuild: Rebuild) -> Any:
    """Translate patches as channels: moved values, or a convolution that copies."""
    place = rebuild.layout(operation.inputs[0])
    if place.rows > 1:
        raise Refused(
            "on rows that are merged with the batch it is not supported: reshape them "
            "to an axis of their own"
        )
    window, strides, rates = (
        tuple(operation.get_attr(name)[1:3]) for name in ("ksizes", "strides", "rates")
    )
    x = rebuild[operation.inputs[0]]
    height, width, channels = place.shape
    rows, columns, depth = rebuild.layout(operation.outputs[0]).shape
    apart = window == strides and rates == (1, 1)
    if apart and (height, width) == (rows * window[0], columns * window[1]):
        parts = (rows, window[0], columns, window[1], channels)
        y = rebuild.reshape(x, parts)
        y = rebuild.layer(layers.Permute, y, dims=(1, 3, 2, 4, 5))
        return rebuild.reshape(y, (rows, columns, depth))
    check_matrix(depth, depth)
    kernel = np.eye(depth, dtype=np.float32).reshape(*window, channels, depth)
    found = Convolution(
        kind="conv",
        label=operation.name,
        x=operation.inputs[0],
        kernel=kernel,
        strides=strides,
        dilations=rates,
        padding=operation.get_attr("padding").decode(),
        pads=((0, 0), (0, 0)),
        channels_first=False,
        output=(rows, columns),
    )
    return emit_convolution(rebuild, found, x, None)


@translates("LRN")
def local_response(operation: Any, rebuild: Rebuild) -> Any:
    """Translate division by the sum of squares of neighbouring channels."""
    radius, bias, alpha, beta = (
        operation.get_attr(name) for name in ("depth_radius", "bias", "alpha", "beta")
    )
    x = rebuild[operation.inputs[0]]
    check_matrix(x.shape[-1], x.shape[-1])
    places = np.arange(x.shape[-1])
    near = np.abs(places[:, None] - places) <= radius
    band = near.astype(operation.inputs[0].dtype.as_numpy_dtype)
    squares = rebuild.raw(ops.square, x)
    sums = rebuild.weighted(
        layers.Dense, squares, [band], units=len(band), use_bias=False
    )
    return rebuild.raw(lambda y, z: y / ops.power(z * alpha + bias, beta), x, sums)
