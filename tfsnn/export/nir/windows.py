"""Windows of convolutions as NIR has them, with equal zero padding at both ends.

Keras pads ``same`` by unequal amounts where a stride or an even window asks for it, and
padding layers pad as they like. A window that reads zeros can have zero weights
instead: with ``before`` and ``after`` zeros around an axis, ``p`` the larger of both::

    padding p;  p - before zero weights in front of the window, p - after behind it

reads the same values at the same places, and as often:
``H + 2 p - (K + 2 p - before - after) = H + before + after - K``. A dilated window is
first written with its zeros. So every padding is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Pads = tuple[tuple[int, int], ...]  # zeros before and after, per axis of the window


class Axis(NamedTuple):
    """One axis of a convolution, with padding and added zero weights.

    Attributes:
        size: length of the input, without padding.
        window: length of the window, in weights.
        stride, dilation: in places of the input.
        padding: number of zeros at each end.
        front, back: zero weights added to the window.
    """

    size: int
    window: int
    stride: int
    dilation: int
    padding: int
    front: int = 0
    back: int = 0

    @property
    def length(self) -> int:
        """The length of the window with the zero weights that were added."""
        return self.front + self.window + self.back

    @property
    def slack(self) -> int:
        """The number of values at the end of the padded input that no window reads."""
        reach = self.dilation * (self.length - 1) + 1
        return (self.size + 2 * self.padding - reach) % self.stride

    def longer(self) -> Axis | None:
        """Return the axis with one more zero weight, None if that adds an output."""
        if self.dilation > 1:
            return None
        if self.slack:
            return self._replace(back=self.back + 1)
        if self.stride > 1:
            return self._replace(padding=self.padding + 1, front=self.front + 1)
        return None


class Window(NamedTuple):
    """A kernel ``(*window, in, out)`` with NIR's padding and dilation."""

    kernel: np.ndarray
    padding: tuple[int, ...]
    dilation: tuple[int, ...]


def explicit(
    kernel: np.ndarray,
    sizes: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    pads: Pads,
) -> Window | None:
    """Find a window with equal padding that computes the same convolution.

    A window over two axes becomes square, by zero weights: the package `nir` (1.0.8)
    infers and checks shapes for square windows only.

    Args:
        kernel: weights ``(*window, in, out)``.
        sizes: sizes of the input, without padding.
        strides, dilation: one number per axis.
        pads: zeros around the input.

    Returns:
        The window, or None where no square window computes the same.
    """
    window = kernel.shape[:-2]
    uneven = any(before != after for before, after in pads)
    if max(dilation) > 1 and (uneven or len(set(window)) > 1):
        kernel, dilation = spread(kernel, dilation), (1,) * len(window)
    axes = []
    for size, length, stride, step, (before, after) in zip(
        sizes, kernel.shape, strides, dilation, pads, strict=False
    ):
        most = max(before, after)
        ends = (most - before, most - after)
        axes.append(Axis(size, length, stride, step, most, *ends))
    squared = _squared(axes)
    if squared is None:
        return None
    zeros = [(axis.front, axis.back) for axis in squared]
    return Window(
        np.pad(kernel, [*zeros, (0, 0), (0, 0)]),
        tuple(axis.padding for axis in squared),
        tuple(axis.dilation for axis in squared),
    )


def spread(kernel: np.ndarray, dilation: Sequence[int]) -> np.ndarray:
    """Write the zeros of its dilation into a kernel ``(*window, in, out)``."""
    window = kernel.shape[:-2]
    shape = [d * (n - 1) + 1 for n, d in zip(window, dilation, strict=True)]
    full = np.zeros((*shape, *kernel.shape[-2:]), kernel.dtype)
    full[tuple(slice(None, None, d) for d in dilation)] = kernel
    return full


def _squared(axes: list[Axis]) -> list[Axis] | None:
    """Lengthen windows until all axes have the same length, None where impossible."""
    lengths = {axis.length % 2 for axis in axes}
    if len(lengths) > 1:  # an odd and an even one: one of them must grow by one weight
        grown = [axis.longer() for axis in axes]
        choices = [
            [new if i == j else axis for j, axis in enumerate(axes)]
            for i, new in enumerate(grown)
            if new is not None
        ]
        if not choices:
            return None
        axes = min(choices, key=lambda chosen: max(axis.length for axis in chosen))
    longest = max(axis.length for axis in axes)
    return [_grown(axis, (longest - axis.length) // 2) for axis in axes]


def _grown(axis: Axis, pairs: int) -> Axis:
    return axis._replace(
        padding=axis.padding + pairs, front=axis.front + pairs, back=axis.back + pairs
    )
