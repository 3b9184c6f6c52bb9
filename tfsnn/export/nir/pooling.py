"""Translation of sums and averages over windows to NIR."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfsnn.export.nir.builder import Builder, InexpressibleError, Kernel, by_unit
from tfsnn.export.nir.signals import Signal
from tfsnn.export.nir.windows import Pads
from tfsnn.network.graph import Node
from tfsnn.network.nodes import Average, Reduce
from tfsnn.network.windows import same_pads


def average(node: Average, builder: Builder, signal: Signal) -> Signal:
    """Translate average pooling; with padding "same", a Scale corrects the borders."""
    shape = signal.shape
    if len(shape) > 3:
        raise InexpressibleError(
            "pools over three axes, and NIR has pooling over two: pool over two"
        )
    size = shape[:-1] if node.is_global else node.size
    strides = size if node.is_global else node.strides
    pads = ((0, 0),) * len(size)
    if node.padding == "same":
        pads = same_pads(shape[:-1], size, strides, (1,) * len(size))
    pooled = _means(builder, node, signal, size, strides, pads)
    if node.total:
        pooled = pooled.scaled(np.prod(size))
    if np.any(pads):
        counts = _counts(shape[:-1], size, strides, pads)
        scale = by_unit(np.prod(size) / counts[..., None], pooled)
        content = builder.nir.Scale(scale=scale)
        name = builder.add(node, content, pooled, "_scale")
        pooled = Signal((name,), node.shape)
    return builder.flattened(node, pooled, "_flat") if node.is_global else pooled


def reduce(node: Reduce, builder: Builder, signal: Signal) -> Signal:
    """Translate the sum or the mean over all places of an image."""
    axes = tuple(range(len(signal.shape) - 1))
    if tuple(sorted(node.axes)) != axes or not 2 <= len(signal.shape) <= 3:
        raise InexpressibleError(
            "adds along some axes, and NIR over all places only: use global average "
            "pooling in the ANN"
        )
    size = signal.shape[:-1]
    pooled = _means(builder, node, signal, size, size, ((0, 0),) * len(size))
    return pooled.scaled(np.prod(size)) if node.form == "sum" else pooled


def _means(
    builder: Builder,
    node: Node,
    signal: Signal,
    size: tuple[int, ...],
    strides: tuple[int, ...],
    pads: Pads,
) -> Signal:
    """Add the mean of each window, with the zeros of the padding among its values."""
    ends = [before + after for before, after in pads]
    places = [
        (n + zeros - k) // s + 1
        for n, zeros, k, s in zip(signal.shape, ends, size, strides, strict=False)
    ]
    shape = (*places, signal.shape[-1])
    mean = np.float32(1 / np.prod(size))
    if builder.pooling == "convolution" or len(size) == 1 or np.any(pads):
        channels = signal.shape[-1]
        kernel = np.zeros((*size, channels, channels), np.float32)
        kernel[...] = np.diag(signal.channel_gain * mean)
        if np.any(pads):
            signal = signal.padded(pads)
        filled = Kernel(kernel, strides=strides)
        return Signal((builder.convolve(node, signal, filled),), shape)
    if signal.pads is not None:
        signal = builder.settled(signal, node, suffix="_pad")
    summed = builder.pooling == "sum"
    pool: Any = builder.nir.SumPool2d if summed else builder.nir.AvgPool2d
    pairs = {"kernel_size": size, "stride": strides, "padding": (0, 0)}
    content = pool(**{key: np.array(pair) for key, pair in pairs.items()})
    pooled = Signal((builder.add(node, content, signal),), shape, signal.gain)
    return pooled.scaled(mean) if summed else pooled


def _counts(
    shape: tuple[int, ...], size: tuple[int, ...], strides: tuple[int, ...], pads: Pads
) -> np.ndarray:
    """Count the values in the window of each place, without padding."""
    total = np.ones((), np.float32)
    for n, k, s, (before, after) in zip(shape, size, strides, pads, strict=True):
        starts = np.arange(0, n + before + after - k + 1, s) - before
        inside = np.minimum(starts + k, n) - np.maximum(starts, 0)
        total = np.multiply.outer(total, inside)
    return total
