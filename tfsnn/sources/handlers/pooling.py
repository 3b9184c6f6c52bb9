"""Handlers of pooling: over windows, to a fixed size, or over a whole sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import layers

from tfsnn.network.nodes import Average, Max, Pool
from tfsnn.sources.handlers.builder import Builder
from tfsnn.sources.handlers.channels_first import either_format
from tfsnn.sources.handlers.masks import given_mask, masked_mean
from tfsnn.sources.handlers.registry import handles

Handler = Callable[[Any, Sequence[str], Builder], str]


def _windows(kind: type[Pool]) -> Handler:
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


def _everything(kind: type[Pool]) -> Handler:
    def pool(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
        *window, channels = builder.shape(inputs[0])
        size = tuple(window)
        if mask := given_mask(builder, 1):
            y = masked_mean(inputs[0], mask, builder)
        else:
            y = builder.add(kind, inputs, (channels,), size, size)
        if not layer.keepdims:
            return y
        return builder.reshape(y, (1,) * len(window) + (channels,), "_keepdims")

    return pool


def to_size(kind: type[Pool]) -> Handler:
    """Return the handler of adaptive pooling, to a fixed number of outputs.

    Window i of n outputs holds floor(i L / n) to ceil((i + 1) L / n) of L inputs.
    """
    form = "mean" if kind is Average else "amax"

    def pool(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
        x = inputs[0]
        before = builder.shape(x)
        sizes = tuple(layer.output_size)
        lengths = before[: len(sizes)]
        if all(n % size == 0 for n, size in zip(lengths, sizes, strict=True)):
            window = tuple(n // size for n, size in zip(lengths, sizes, strict=True))
            return builder.add(kind, (x,), (*sizes, before[-1]), window, window)
        # A window is the product of ranges, so one axis after the other.
        for axis, (n, size) in enumerate(zip(lengths, sizes, strict=True)):
            parts = []
            for i in range(size):
                start, stop = i * n // size, -(-(i + 1) * n // size)
                part = builder.slice(x, axis, start, stop, "_window")
                parts.append(builder.reduce(part, form, (axis,), keepdims=True))
            x = builder.concatenate(parts, axis, "_size") if size > 1 else parts[0]
        return x

    return pool


AVERAGE = (layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D)
MAX = (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D)
GLOBAL_AVERAGE = (
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalAveragePooling3D,
)
GLOBAL_MAX = (
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalMaxPooling3D,
)
handles(*AVERAGE)(either_format(_windows(Average)))
handles(*MAX)(either_format(_windows(Max)))
handles(*GLOBAL_AVERAGE)(either_format(_everything(Average)))
handles(*GLOBAL_MAX)(either_format(_everything(Max)))
for _kind, _name in ((Average, "Average"), (Max, "Max")):
    for _rank in (1, 2, 3):
        _layer = getattr(layers, f"Adaptive{_name}Pooling{_rank}D")
        handles(_layer)(either_format(to_size(_kind)))
