"""The choice of scales: one over a threshold where neurons read, else any number.

In normal form a threshold is 1, so weights that are integers over a threshold of n
units are multiples of 1/n. The largest weight of a channel would make n as large as the
format allows; a larger n cuts it off, and all others are rounded more finely. Among the
candidates the one of the least sum of square errors is taken, and of two alike the one
that cuts off less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfsnn.conversion.integers.groups import Group
from tfsnn.hardware.integers import IntegerFormat

THRESHOLDS = 8  # that a potential has room for, at least
CHEAP = 4  # times fewer integers of a weight, that its potentials may cost
ENOUGH = 32  # integers of either sign that are enough, where there are more
# Multiples of the threshold that cuts nothing off.
CANDIDATES = np.concatenate([np.linspace(1.0, 2.0, 21), np.linspace(2.1, 4.0, 20)])


@dataclass(frozen=True)
class Room:
    """The room of potentials.

    Attributes:
        ends: the largest potential.
        reach: what a potential can come to in all steps, in thresholds, by channel;
            infinite where that is not known.
    """

    ends: int
    reach: np.ndarray

    def largest_threshold(
        self, wanted: np.ndarray, shared: bool, cheap: int
    ) -> np.ndarray:
        """Return the largest threshold: one that no input brings to the ends.

        Where that costs more of the weights' integers than is cheap, one that leaves
        room for a few thresholds: potentials may saturate then.

        Args:
            wanted: the threshold that makes use of all integers, by channel.
            shared: whether all channels have the same.
            cheap: how many times fewer integers are cheap.
        """
        reach = np.maximum(self.reach, 1.0)
        safe = self.ends // (reach.max(keepdims=True) if shared else reach)
        return np.where(cheap * safe >= wanted, safe, float(self.ends // THRESHOLDS))


def chosen_quantum(
    group: Group,
    parts: list[tuple[np.ndarray, IntegerFormat]],
    room: Room,
    *,
    per_layer: bool,
) -> np.ndarray:
    """Return the quantum of a group: one number, or one for each channel.

    Args:
        group: the group.
        parts: for each of its nodes the weights, ``(n, channels)``, and their format.
        room: what potentials have room for.
        per_layer: whether all channels share one number.
    """
    shared = per_layer or group.uniform
    limits = [_largest(weights, form) for weights, form in parts]
    wide = np.max([limit.max() for limit in limits], initial=0.0)
    limit = np.zeros(1) if not limits else limits[0]
    if shared:
        limit = np.full(1, wide)
    else:
        for other in limits[1:]:
            limit = np.maximum(limit, other)
    # A channel without weights has any scale: that of the largest weights.
    limit = np.where(limit > 0, limit, wide if wide > 0 else 1.0)
    parts_read = max(group.readers, default=1)
    integers = min((form.high + 1 for _, form in parts), default=1)
    cheap = max(CHEAP, integers // ENOUGH)
    largest = room.largest_threshold(parts_read / limit, shared, cheap)
    best, least = _quantum(group, limit, largest), np.full(limit.shape, np.inf)
    for multiple in CANDIDATES:
        quantum = _quantum(group, limit / multiple, largest)
        error = _error(parts, quantum, shared)
        better = error < least * (1 - 1e-9)
        best, least = np.where(better, quantum, best), np.where(better, error, least)
    return best


def _largest(weights: np.ndarray, form: IntegerFormat) -> np.ndarray:
    """Return the smallest quantum of each channel that cuts nothing off."""
    high, low = weights.max(0, initial=0.0), weights.min(0, initial=0.0)
    return np.maximum(high / form.high, low / form.low)


def _quantum(group: Group, quantum: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Return the nearest quantum that makes thresholds integers."""
    readers = set(group.readers)
    if not readers:
        return quantum
    # Signals with several quanta in one of the group, as sums over windows, make finer
    # thresholds, where all readers have the same number.
    parts = readers.pop() if len(readers) == 1 else 1
    most = np.maximum(parts, largest // max([*readers, 1]))
    units = np.clip(np.floor(parts / quantum), 1, most)
    return parts / units


def _error(
    parts: list[tuple[np.ndarray, IntegerFormat]], quantum: np.ndarray, shared: bool
) -> np.ndarray:
    total: np.ndarray = np.zeros(quantum.shape)
    for weights, form in parts:
        found = np.clip(np.rint(weights / quantum), form.low, form.high) * quantum
        error = np.square(weights - found)
        total = total + (error.sum() if shared else error.sum(0))
    return total
