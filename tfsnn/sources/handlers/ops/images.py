"""Handlers of ``keras.ops.image``: sizes, colours and filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.network.nodes import Linear, Resize
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.ops.along import weighted
from tfsnn.sources.handlers.ops.calls import channels_last
from tfsnn.sources.handlers.registry import Handler, handles_operation
from tfsnn.sources.handlers.structure import pad

GREY = (0.2989, 0.5870, 0.1140)  # of red, green and blue, as Keras has it


@handles_operation("Resize")
@channels_last
def resize(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate image.resize to a fixed size."""
    for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        if getattr(operation, name, False):
            raise Unsupported(
                f"{name}=True is not supported: crop or pad before, and leave it out"
            )
    size, channels = tuple(operation.size), builder.shape(inputs[0])[-1]
    method, antialias = operation.interpolation, bool(operation.antialias)
    return builder.add(Resize, inputs, (*size, channels), method, antialias)


@handles_operation("RGBToGrayscale")
@channels_last
def grey(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate image.rgb_to_grayscale: a weighted sum of the colours."""
    if builder.shape(inputs[0])[-1] == 1:
        return builder.drop(inputs, "the image is grey")
    return weighted(inputs[0], 2, np.reshape(GREY, (3, 1)), builder)


def _colours(op: str) -> Handler:
    @channels_last
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        """Translate image.rgb_to_hsv and hsv_to_rgb: running sums."""
        return builder.function(op, inputs)

    return handler


handles_operation("RGBToHSV")(_colours("rgb_to_hsv"))
handles_operation("HSVToRGB")(_colours("hsv_to_rgb"))


def _filtered(
    x: str, kernel: np.ndarray, padding: str, shape: Sequence[int], builder: Builder
) -> str:
    """Add a depthwise convolution, its kernel ``(H, W, M)`` that of each channel."""
    channels = builder.shape(x)[-1]
    height, width, multiplier = kernel.shape
    full = np.broadcast_to(
        kernel[:, :, None], (height, width, channels, multiplier)
    ).astype(np.float32)
    return builder.add(
        Linear,
        (x,),
        shape,
        "depthwise",
        kernel=full,
        strides=(1, 1),
        dilation=(1, 1),
        padding=padding,
    )


@handles_operation("GaussianBlur")
@channels_last
def gaussian_blur(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate image.gaussian_blur: a depthwise convolution."""
    rows = []
    for size, sigma in zip(operation.kernel_size, operation.sigma, strict=True):
        places = np.arange(size) - (size - 1) / 2
        row = np.exp(-0.5 * (places / sigma) ** 2)
        rows.append(row / row.sum())
    first, second = rows
    kernel = np.outer(second, first).reshape(len(first), len(second), 1)
    shape = builder.shape(inputs[0])
    return _filtered(inputs[0], kernel, "same", shape, builder)


@handles_operation("SobelEdges")
def sobel_edges(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate image.sobel_edges: two filters of each channel, on a new last axis."""
    y: str = inputs[0]
    first = operation.data_format == "channels_first"
    if first:
        y = builder.transpose(y, (1, 2, 0), "_channels_last")
    height, width, channels = builder.shape(y)
    across = np.outer((1, 2, 1), (-1, 0, 1))
    kernel = np.stack([across.T, across], -1)  # downwards, to the right
    y = pad(y, builder, ((1, 1), (1, 1), (0, 0)), "reflect")
    y = _filtered(y, kernel, "valid", (height, width, 2 * channels), builder)
    y = builder.reshape(y, (height, width, channels, 2))
    return builder.transpose(y, (2, 0, 1, 3), "_channels_first") if first else y
