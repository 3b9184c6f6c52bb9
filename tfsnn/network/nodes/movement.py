"""The same values in another shape or order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.graph import Node


class Movement(Node):
    """Every output value is one of the input values, or zero."""

    def carry(self, unit: np.ndarray, before: tuple[int, ...]) -> np.ndarray:
        """The unit of each output value: the values' units move with them."""
        if (same := super().carry(unit, before)) is not None:
            return same
        full = np.broadcast_to(unit, before)
        moved = np.asarray(self.apply(full[None]))[0]
        moved = np.where(moved == 0, 1.0, moved)  # a zero has any unit
        return moved.ravel() if moved.size == 1 else moved


@dataclass(frozen=True, eq=False)
class Reshape(Movement):
    """The same values in row-major order in another shape (also Flatten)."""

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        return tf.reshape(x, (-1, *self.shape))


@dataclass(frozen=True, eq=False)
class Transpose(Movement):
    """Axis i of the output is axis ``order[i]`` of the input, axes of one sample."""

    order: tuple[int, ...]

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        return tf.transpose(x, (0, *(axis + 1 for axis in self.order)))


@dataclass(frozen=True, eq=False)
class Slice(Movement):
    """``x[start:stop:step]`` along each axis of one sample; all within its length.

    A step below 0 goes backwards; `stop` is then None where it reaches index 0.
    """

    starts: tuple[int, ...]
    stops: tuple[int | None, ...]
    steps: tuple[int, ...]

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        ranges = zip(self.starts, self.stops, self.steps, strict=True)
        return x[(slice(None), *(slice(*limits) for limits in ranges))]

    @property
    def keeps_channels(self) -> bool:
        """Whether the last axis stays as it is."""
        return self.starts[-1] == 0 and self.steps[-1] == 1 and self.stops[-1] is None


@dataclass(frozen=True, eq=False)
class Take(Movement):
    """The values at `indices` along `axis` of one sample, in that order."""

    axis: int
    indices: tuple[int, ...]

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        return tf.gather(x, self.indices, axis=self.axis + 1)

    @property
    def keeps_channels(self) -> bool:
        """Whether the last axis stays as it is."""
        return self.axis != len(self.shape) - 1


@dataclass(frozen=True, eq=False)
class Pad(Movement):
    """Values around the values: `amounts` before and after, per axis of one sample.

    `mode` is "constant" (zeros), "reflect" or "symmetric", as in NumPy.
    """

    amounts: tuple[tuple[int, int], ...]
    mode: str = "constant"

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        return tf.pad(x, ((0, 0), *self.amounts), self.mode.upper())

    @property
    def keeps_channels(self) -> bool:
        """Whether the last axis stays as it is."""
        return tuple(self.amounts[-1]) == (0, 0)
