"""Nodes that make several values one, or one several: pooling, sums, interpolation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tensorflow as tf

from tfsnn.network.axes import Order, stored
from tfsnn.network.clock import Clock
from tfsnn.network.node import Shape
from tfsnn.network.nodes.passing import Passing
from tfsnn.network.signals import Advanced, Signal
from tfsnn.network.windows import Windows

LEAST_SHARE = 1e-6  # a smaller weight of an interpolation is rounding


@dataclass(frozen=True, eq=False)
class Pool(Passing):
    """Windows of `size` and `strides` over the axes before the channels (one to three).

    With padding "same" a window at the border holds fewer values: the padding is
    neither averaged nor a candidate for the maximum.
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str = "valid"

    @property
    def is_global(self) -> bool:
        """Whether there is one window, which holds everything."""
        return self.padding == "valid" and len(self.shape) == 1

    @property
    def keeps_channels(self) -> bool:
        """True: windows lie within a channel."""
        return True

    def _places(self, x: Any) -> list[int]:
        """Return the axes of a tensor between samples and channels."""
        return list(range(1, len(x.shape) - 1))


@dataclass(frozen=True, eq=False)
class Average(Pool):
    """Average pooling; global where the output has channels only.

    Attributes:
        total: whether it sends the sum of a window in place of the mean, of integers.
    """

    total: bool = False

    def apply(self, x: Any) -> Any:
        """Average ``(N, ...)``: ``(N, *shape)``."""
        if self.is_global:
            reduce = tf.reduce_sum if self.total else tf.reduce_mean
            return reduce(x, axis=self._places(x))
        count = math.prod(self.size)
        if self.total and count & (count - 1):  # a mean of them would be rounded
            return self._sums(x)
        y = tf.nn.avg_pool(x, self.size, self.strides, self.padding.upper())
        return y * float(count) if self.total else y

    def _sums(self, x: Any) -> Any:
        """Add the values of each window, one place after the other."""
        places = zip(self.shape, self.strides, strict=False)
        spans = [(n - 1) * stride + 1 for n, stride in places][: len(self.size)]
        total: Any = 0.0
        for offset in np.ndindex(*self.size):
            cuts = zip(offset, spans, self.strides, strict=True)
            inner = (slice(o, o + span, stride) for o, span, stride in cuts)
            total = total + x[(slice(None), *inner)]
        return total

    def describe(self) -> str:
        """Name the operation."""
        return "sum pooling" if self.total else "average pooling"

    def in_integers(self, shapes: Sequence[Shape]) -> tuple[Self, int] | None:
        """Return the sum of each window, where all windows have as many places."""
        ((*places, _),) = shapes
        if self.is_global:
            return self.replace(total=True), math.prod(places)
        tiles = zip(places, self.shape, self.strides, self.size, strict=False)
        whole = all(n == m * step and step == k for n, m, step, k in tiles)
        if self.padding != "valid" and not whole:
            return None
        return self.replace(total=True), math.prod(self.size)

    def bound(self, reads: Sequence[float]) -> float:
        """Multiply by the places of a window, exact where they are a power of two."""
        if self.is_global or self.padding != "valid":
            return super().bound(reads)
        places = math.prod(self.size)
        return reads[0] * places if places & (places - 1) == 0 else math.inf

    @property
    def integers(self) -> bool:
        """False: spikes of a window are joined."""
        return False

    def accumulates_behind(
        self, behind: np.ndarray, shapes: Sequence[Shape]
    ) -> Sequence[np.ndarray]:
        """Add up what is behind all windows that a place lies in."""
        if self.is_global:
            return [behind]
        ((*places, _),) = shapes
        ones = (1,) * len(self.size)
        window = self.size, self.strides, ones, self.padding
        return [Windows(places, self.shape[:-1], *window).sum_over(behind)]


@dataclass(frozen=True, eq=False)
class Max(Pool):
    """Max pooling, a running sum; global where the output has channels only.

    What it has sent by step t is t * max(mean of the inputs so far), which is the
    maximum of their running sums: integers in, integers out.

    Attributes:
        minima: the channels of which it takes the minimum instead.
    """

    linear: ClassVar[bool] = False
    multiplies: ClassVar[bool] = False

    minima: tuple[int, ...] = ()

    @property
    def homogeneous(self) -> bool:
        """True: the maximum of multiples is the multiple of the maximum."""
        return True

    def apply(self, x: Any) -> Any:
        """Take the maxima, or minima, of ``(N, ...)``: ``(N, *shape)``."""
        if not self.minima:
            return self._maxima(x)
        signs = np.ones(self.shape[-1], np.float32)
        signs[list(self.minima)] = -1
        return signs * self._maxima(signs * x)

    def _maxima(self, x: Any) -> Any:
        if self.is_global:
            return tf.reduce_max(x, axis=self._places(x))
        return tf.nn.max_pool(x, self.size, self.strides, self.padding.upper())

    def describe(self) -> str:
        """Name the operation."""
        least = f", {len(self.minima)} channels by their minimum"
        return "max pooling" + least * bool(self.minima)

    def bound(self, reads: Sequence[float]) -> float:
        """Keep the bound of its input."""
        return reads[0]

    def passes_shift(self, shapes: Sequence[Shape]) -> Sequence[int]:
        """Name its input: max(x + s) = max(x) + s, as for the minimum."""
        return (0,)


@dataclass(frozen=True, eq=False)
class StepMax(Max):
    """Max pooling of what each step brings, alone: no sums, and so no state.

    Of binary spikes it sends one where any of a window arrives.
    """

    def initial_state(self, batch: Any, shapes: Sequence[Shape | None]) -> Any:
        """Return None: it has no state."""
        return None

    def advance(self, reads: Sequence[Signal], state: Any, clock: Clock) -> Advanced:
        """Take the maxima of each step."""
        return Advanced(self.apply(reads[0].folded()))

    def describe(self) -> str:
        """Name the operation."""
        return "max pooling of each step"


@dataclass(frozen=True, eq=False)
class Reduce(Passing):
    """The "sum" or "mean" over `axes` of one sample, which are kept with length 1."""

    form: str
    axes: tuple[int, ...]

    @property
    def keeps_channels(self) -> bool:
        """Whether the last axis stays as it is."""
        return len(self.shape) - 1 not in self.axes

    def apply(self, x: Any) -> Any:
        """Reduce ``(N, ...)`` to ``(N, *shape)``."""
        reduce = tf.reduce_sum if self.form == "sum" else tf.reduce_mean
        return reduce(x, [axis + 1 for axis in self.axes], keepdims=True)

    def reordered(self, order: Order) -> Reduce:
        """Name the axes where they are stored."""
        axes = tuple(sorted(order[axis] for axis in self.axes))
        return self.replace(shape=stored(order, self.shape), axes=axes)

    def describe(self) -> str:
        """Name the operation."""
        return "sum or mean"

    def in_integers(self, shapes: Sequence[Shape]) -> tuple[Self, int] | None:
        """Return the sum."""
        if self.form == "sum":
            return self, 1
        return self.replace(form="sum"), math.prod(shapes[0][n] for n in self.axes)

    @property
    def integers(self) -> bool:
        """False: spikes are joined."""
        return False

    def accumulates_behind(
        self, behind: np.ndarray, shapes: Sequence[Shape]
    ) -> Sequence[np.ndarray]:
        """Count what is behind the sum of each value."""
        return [behind]


@dataclass(frozen=True, eq=False)
class Resize(Passing):
    """Images ``(H, W, C)`` resized to the shape: a linear map of each channel.

    `method` is "nearest", "bilinear", "bicubic", "area", "lanczos3" or "lanczos5" of
    ``tf.image.resize``.
    """

    method: str
    antialias: bool = False

    @property
    def keeps_channels(self) -> bool:
        """True: each channel is resized alone."""
        return True

    def apply(self, x: Any) -> Any:
        """Resize ``(N, H, W, C)`` to ``(N, *shape)``."""
        return tf.image.resize(x, self.shape[:2], self.method, antialias=self.antialias)

    def describe(self) -> str:
        """Name the operation."""
        return "interpolation"

    def in_integers(self, shapes: Sequence[Shape]) -> tuple[Self, int] | None:
        """Return the node itself, if each value is that of the nearest place."""
        return (self, 1) if self.method == "nearest" else None

    @property
    def integers(self) -> bool:
        """False: spikes are scaled and joined."""
        return False

    def accumulates_behind(
        self, behind: np.ndarray, shapes: Sequence[Shape]
    ) -> Sequence[np.ndarray]:
        """Add up what is behind all places that a value has a share in."""
        full = np.broadcast_to(behind, self.shape).astype(np.float64)
        rows, columns = (self._shares(shapes[0], axis) for axis in (0, 1))
        counts = np.einsum("ijc,hi,wj->hwc", full, rows, columns, optimize=True)
        return [counts.astype(np.int64)]  # float64 has all integers up to 2^53

    def filled(
        self, reads: Sequence[np.ndarray | None], shapes: Sequence[Shape]
    ) -> np.ndarray | None:
        """Return where a value that is filled has a share."""
        (read,) = reads
        if read is None:
            return None
        rows, columns = (self._shares(shapes[0], axis) for axis in (0, 1))
        return np.einsum("hwc,hi,wj->ijc", read * 1.0, rows, columns) > 0

    def _shares(self, before: Shape, axis: int) -> np.ndarray:
        """Return 1 where an input place has a share in an output one, ``(n, m)``.

        An image is resized along one axis after the other.
        """
        n = before[axis]
        lines = np.eye(n).reshape(n, n, 1, 1)
        resized = self.replace(shape=(self.shape[axis], 1, 1))._computed(lines)
        return (np.abs(resized[:, :, 0, 0]) > LEAST_SHARE).astype(np.float64)
