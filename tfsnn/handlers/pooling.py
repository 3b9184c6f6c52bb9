"""Average and max pooling over windows or over the whole image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import layers

from tfsnn.handlers.registry import CHANNELS_LAST, Builder, handles
from tfsnn.nodes import Average, Max, Pool, Reshape


def _windows(kind: type[Pool]) -> Callable[[Any, Sequence[str], Builder], str]:
    def pool(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
        shape = layer.compute_output_shape((None, *builder.shape(inputs[0])))[1:]
        return builder.add(
            kind,
            inputs,
            shape,
            tuple(layer.pool_size),
            tuple(layer.strides or layer.pool_size),
            layer.padding,
        )

    return pool


def _everything(kind: type[Pool]) -> Callable[[Any, Sequence[str], Builder], str]:
    def pool(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
        *window, channels = builder.shape(inputs[0])
        size = tuple(window)
        y = builder.add(kind, inputs, (channels,), size, size)
        if not layer.keepdims:
            return y
        shape = (1,) * len(window) + (channels,)
        return builder.add(Reshape, (y,), shape, suffix="_keepdims")

    return pool


handles(layers.AveragePooling2D, only=CHANNELS_LAST)(_windows(Average))
handles(layers.MaxPooling2D, only=CHANNELS_LAST)(_windows(Max))
handles(layers.GlobalAveragePooling2D, only=CHANNELS_LAST)(_everything(Average))
handles(layers.GlobalMaxPooling2D, only=CHANNELS_LAST)(_everything(Max))
