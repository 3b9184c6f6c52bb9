"""Translation of NIR's convolutions and poolings to nodes of tfsnn, channels last."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfsnn.export.nir.reader import (
    Reader,
    ReadSignal,
    UnreadableError,
    numbers,
    whole_numbers,
)
from tfsnn.export.nir.windows import spread
from tfsnn.network.nodes import Affine, Average, Linear, Pad


def convolution(
    reader: Reader, name: str, content: Any, signal: ReadSignal
) -> ReadSignal:
    weight = np.asarray(numbers(content.weight, "weights"), np.float32)
    axes = weight.ndim - 2
    (groups, *_) = whole_numbers(content.groups, "groups", 1).tolist() or [1]
    if len(signal.shape) != axes + 1 or weight.shape[1] * groups != signal.shape[-1]:
        raise UnreadableError(
            f"has weights of shape {weight.shape} in {groups} groups, and reads "
            f"{signal.shape} (channels last), which do not fit: correct one of them"
        )
    kernel = np.moveaxis(weight, (0, 1), (-1, -2))
    bias = as_bias(content.bias, len(weight))
    strides = _per_axis(content.stride, axes, "strides")
    dilation = _per_axis(content.dilation, axes, "dilation")
    padding = content.padding
    padding = padding.decode() if isinstance(padding, bytes) else padding
    if max(strides) > 1 and max(dilation) > 1:  # TensorFlow allows only one of them
        kernel, dilation = spread(kernel, dilation), (1,) * axes
    reach = [d * (k - 1) for k, d in zip(kernel.shape, dilation, strict=False)]
    if not isinstance(padding, str):
        pads = _per_axis(padding, axes, "padding", 0)
        same = set(strides) == {1} and list(pads) == [n / 2 for n in reach]
        if same or not any(pads):
            padding = "same" if any(pads) else "valid"
        else:
            signal = _padded(reader, name, signal, pads)
            padding = "valid"
    gain = _diagonal(kernel) if groups == 1 and set(strides) == {1} else None
    if gain is not None and not any(reach) and padding == "valid":
        inputs = (signal.name,)
        return reader.add(Affine(name, inputs, signal.shape, gain=gain, offset=bias))
    sizes = signal.shape[:-1]
    if padding == "valid":
        sizes = tuple(
            (n - r - 1) // s + 1 for n, r, s in zip(sizes, reach, strides, strict=True)
        )
    shape = (*sizes, len(weight))
    form = "conv"
    if groups == signal.shape[-1] > 1 and len(set(strides)) == 1:
        # TensorFlow would loop over the groups, which is slow for one per channel.
        kernel, form = kernel.reshape(*kernel.shape[:-2], groups, -1), "depthwise"
        groups = 1
    return reader.add(
        Linear(
            name,
            (signal.name,),
            shape,
            form,
            kernel=np.ascontiguousarray(kernel),
            bias=bias,
            strides=strides,
            dilation=dilation,
            padding=padding,
            groups=groups,
        )
    )


def _diagonal(kernel: np.ndarray) -> np.ndarray | None:
    """Return the gain per channel that a kernel stands for, None if it is no gain."""
    if kernel.size != kernel.shape[-1] ** 2:
        return None
    matrix = kernel.reshape(kernel.shape[-2:])
    gain = np.diag(matrix)
    return gain.copy() if np.array_equal(np.diag(gain), matrix) else None


def _padded(
    reader: Reader, name: str, signal: ReadSignal, pads: tuple[int, ...]
) -> ReadSignal:
    sizes = zip(signal.shape[:-1], pads, strict=True)
    shape = (*(n + 2 * p for n, p in sizes), signal.shape[-1])
    amounts = (*((p, p) for p in pads), (0, 0))
    return reader.add(Pad(f"{name}_pad", (signal.name,), shape, amounts))


def pooling(reader: Reader, name: str, content: Any, signal: ReadSignal) -> ReadSignal:
    if len(signal.shape) != 3:
        raise UnreadableError(
            f"pools images, and reads {signal.shape}: give it (height, width, channels)"
        )
    size = _per_axis(content.kernel_size, 2, "kernel_size")
    strides = _per_axis(content.stride, 2, "strides")
    pads = _per_axis(content.padding, 2, "padding", 0)
    if any(pads):
        signal = _padded(reader, name, signal, pads)
    sizes = zip(signal.shape, size, strides, strict=False)
    shape = (*((n - k) // s + 1 for n, k, s in sizes), signal.shape[-1])
    pooled = reader.add(Average(name, (signal.name,), shape, size, strides))
    if type(content).__name__ == "AvgPool2d":
        return pooled
    gain = np.full(1, np.prod(size), np.float32)
    return reader.add(Affine(f"{name}_times", (pooled.name,), shape, gain=gain))


def _per_axis(value: Any, axes: int, what: str, least: int = 1) -> tuple[int, ...]:
    """Return one number per axis, from one for all or several."""
    values = whole_numbers(value, what, least)
    if values.size not in (1, axes):
        raise UnreadableError(f"has {values.size} numbers as {what}, for {axes} axes")
    return tuple(int(n) for n in np.broadcast_to(values, axes))


def as_bias(values: Any, channels: int) -> np.ndarray | None:
    if values is None or not np.any(numbers(values, "a bias")):
        return None
    if np.size(values) not in (1, channels):
        raise UnreadableError(f"has {np.size(values)} biases for {channels} channels")
    return np.array(np.broadcast_to(np.ravel(values), channels), np.float32)
