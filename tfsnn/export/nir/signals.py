"""What is known of a signal on its way into a NIR graph."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfsnn.export.nir.windows import Pads

ONE = np.ones(1, np.float32)


def channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of one sample as NIR has it."""
    return (shape[-1], *shape[:-1])


def moved(values: np.ndarray) -> np.ndarray:
    """The values of one sample, channels last, as NIR has them."""
    return np.moveaxis(values, -1, 0)


@dataclass(frozen=True, eq=False)
class Signal:
    """A node of tfsnn as a sum of NIR nodes, with what its readers have to do.

    The value is ``gain`` times the sum, with zeros around it.

    Attributes:
        sources: names of NIR nodes; edges from all of them are summed.
        shape: of one sample, channels last, with the zeros.
        gain: one number, one per channel, or one per unit of a vector.
        order: of a vector: at place j NIR has its element ``order[j]``. None where
            both have the same order.
        pads: zeros around each axis but the channels; None for no zeros.
    """

    sources: tuple[str, ...]
    shape: tuple[int, ...]
    gain: np.ndarray = field(default_factory=lambda: ONE)
    order: np.ndarray | None = None
    pads: Pads | None = None

    @property
    def inner(self) -> tuple[int, ...]:
        """The shape without the zeros."""
        if self.pads is None:
            return self.shape
        ends = [before + after for before, after in self.pads]
        sizes = zip(self.shape[:-1], ends, strict=True)
        return (*(size - zeros for size, zeros in sizes), self.shape[-1])

    @property
    def channel_gain(self) -> np.ndarray:
        """The gain of each channel."""
        return np.broadcast_to(self.gain, self.shape[-1:])

    @property
    def is_plain(self) -> bool:
        """Whether nothing is left to do but to put a vector in order."""
        return self.pads is None and bool(np.all(self.gain == 1))

    def scaled(self, gain: Any) -> Signal:
        """A multiple, by one number or one per channel."""
        return replace(self, gain=np.asarray(self.gain * gain, np.float32))

    def padded(self, pads: Pads) -> Signal:
        """With more zeros around."""
        known = self.pads or ((0, 0),) * len(pads)
        total = tuple(
            (a + before, b + after)
            for (a, b), (before, after) in zip(known, pads, strict=True)
        )
        ends = [before + after for before, after in pads]
        sizes = [n + m for n, m in zip(self.shape[:-1], ends, strict=True)]
        return replace(self, pads=total, shape=(*sizes, self.shape[-1]))

    def flattened(self) -> Signal:
        """The same values as a vector, the sources flattened by NIR."""
        count = int(np.prod(self.shape))
        places = np.arange(count).reshape(self.shape)
        order = moved(places).ravel()
        gain = self.gain
        if gain.size > 1:
            gain = np.broadcast_to(gain, self.shape).ravel()
        natural = np.array_equal(order, np.arange(count))
        return Signal(self.sources, (count,), gain, None if natural else order)

    def agrees_with(self, other: Signal) -> bool:
        """Whether the sum of both is the sum of all their sources."""
        same_order = (
            other.order is None
            if self.order is None
            else other.order is not None and np.array_equal(self.order, other.order)
        )
        return (
            same_order
            and self.pads is None
            and other.pads is None
            and bool(np.all(self.gain == other.gain))
            and not set(self.sources) & set(other.sources)
        )
