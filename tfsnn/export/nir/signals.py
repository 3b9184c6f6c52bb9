"""Signals on their way into a NIR graph, with the work left to their readers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfsnn.errors import OptionError
from tfsnn.export.nir.windows import Pads

ONE = np.ones(1, np.float32)
DT = 1e-4  # length of a step in seconds, which leaky neurons need in NIR


def check_step(dt: float) -> float:
    """Return the length of a step, if it is one.

    Raises:
        OptionError: if it is no positive number.
    """
    if not (np.isfinite(dt) and dt > 0):
        raise OptionError(f"dt={dt}: give the length of a step in seconds, above 0")
    return dt


def channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Move the channels of a sample's shape to the front, as NIR has them."""
    return (shape[-1], *shape[:-1])


def moved(values: np.ndarray) -> np.ndarray:
    """Move the channels of a sample's values to the front, as NIR has them."""
    return np.moveaxis(values, -1, 0)


@dataclass(frozen=True, eq=False)
class Signal:
    """The signal of a node of tfsnn, as a sum of NIR nodes that readers complete.

    Its value is ``gain`` times the sum, with zeros around it.

    Attributes:
        sources: names of the NIR nodes that are summed.
        shape: shape of one sample, channels last, with the zeros.
        gain: factor: one number, one per channel, or one per unit of a vector.
        order: order of a vector in NIR, whose place j has element ``order[j]``; None
            where both have the same order.
        pads: zeros around each axis but the channels; None for no zeros.
    """

    sources: tuple[str, ...]
    shape: tuple[int, ...]
    gain: np.ndarray = field(default_factory=lambda: ONE)
    order: np.ndarray | None = None
    pads: Pads | None = None

    @property
    def inner(self) -> tuple[int, ...]:
        """The shape of one sample, channels last, without the zeros."""
        if self.pads is None:
            return self.shape
        ends = [before + after for before, after in self.pads]
        sizes = zip(self.shape[:-1], ends, strict=True)
        return (*(size - zeros for size, zeros in sizes), self.shape[-1])

    @property
    def channel_gain(self) -> np.ndarray:
        """The gain of each channel, ``(channels,)``."""
        return np.broadcast_to(self.gain, self.shape[-1:])

    @property
    def is_plain(self) -> bool:
        """Whether there is no gain and no zeros, but perhaps another order."""
        return self.pads is None and bool(np.all(self.gain == 1))

    def scaled(self, gain: Any) -> Signal:
        """Return the signal times one number, or one per channel."""
        return replace(self, gain=np.asarray(self.gain * gain, np.float32))

    def padded(self, pads: Pads) -> Signal:
        """Return the signal with more zeros around it."""
        known = self.pads or ((0, 0),) * len(pads)
        total = tuple(
            (a + before, b + after)
            for (a, b), (before, after) in zip(known, pads, strict=True)
        )
        ends = [before + after for before, after in pads]
        sizes = [n + m for n, m in zip(self.shape[:-1], ends, strict=True)]
        return replace(self, pads=total, shape=(*sizes, self.shape[-1]))

    def flattened(self) -> Signal:
        """Return the signal as a vector, whose sources NIR has flattened."""
        count = int(np.prod(self.shape))
        places = np.arange(count).reshape(self.shape)
        order = moved(places).ravel()
        gain = self.gain
        if gain.size > 1:
            gain = np.broadcast_to(gain, self.shape).ravel()
        natural = np.array_equal(order, np.arange(count))
        return Signal(self.sources, (count,), gain, None if natural else order)

    def agrees_with(self, other: Signal) -> bool:
        """Whether two signals can be added by adding their sources."""
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
