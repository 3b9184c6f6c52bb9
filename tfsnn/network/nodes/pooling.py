"""Several values to one, or one to several: pooling, sums over axes, interpolation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfsnn.network.graph import Node
from tfsnn.network.nodes.function import RunningSum


@dataclass(frozen=True, eq=False)
class Pool(Node):
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
        """Windows lie within a channel."""
        return True


@dataclass(frozen=True, eq=False)
class Average(Pool):
    """Average pooling; global where the output has channels only."""

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        if self.is_global:
            return tf.reduce_mean(x, axis=list(range(1, len(x.shape) - 1)))
        return tf.nn.avg_pool(x, self.size, self.strides, self.padding.upper())


@dataclass(frozen=True, eq=False)
class Max(RunningSum, Pool):
    """Max pooling; global where the output has channels only.

    What it has sent by step t is t * max(mean of the inputs so far), which is the
    maximum of their running sums: integers in, integers out.
    """

    @property
    def homogeneous(self) -> bool:
        """The maximum of multiples is the multiple of the maximum."""
        return True

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        if self.is_global:
            return tf.reduce_max(x, axis=list(range(1, len(x.shape) - 1)))
        return tf.nn.max_pool(x, self.size, self.strides, self.padding.upper())


@dataclass(frozen=True, eq=False)
class Reduce(Node):
    """The "sum" or "mean" over `axes` of one sample, which are kept with length 1."""

    form: str
    axes: tuple[int, ...]

    @property
    def keeps_channels(self) -> bool:
        """Whether the last axis stays as it is."""
        return len(self.shape) - 1 not in self.axes

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        reduce = tf.reduce_sum if self.form == "sum" else tf.reduce_mean
        return reduce(x, [axis + 1 for axis in self.axes], keepdims=True)


@dataclass(frozen=True, eq=False)
class Resize(Node):
    """Images ``(H, W, C)`` resized to the shape: a linear map of each channel.

    `method` is "nearest", "bilinear", "bicubic", "area", "lanczos3" or "lanczos5" of
    ``tf.image.resize``.
    """

    method: str
    antialias: bool = False

    @property
    def keeps_channels(self) -> bool:
        """Each channel is resized alone."""
        return True

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        return tf.image.resize(x, self.shape[:2], self.method, antialias=self.antialias)
