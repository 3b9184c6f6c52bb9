"""The range of the values that a network is given, beside that of its calibration."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

LOG = logging.getLogger("tfsnn.ranges")
Range = tuple[float, float]

# How far the largest absolute value may lie beyond and below that of the calibration.
BEYOND, BELOW = 4.0, 1 / 20


class Ranges:
    """The smallest and the largest value of each input, as batches pass."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.seen: dict[str, Range] = {}

    def add(self, x: Mapping[str, Any]) -> None:
        """See a batch, arrays ``(B, ...)`` by input."""
        for name, values in x.items():
            if np.size(values):
                low, high = float(np.min(values)), float(np.max(values))
                before = self.seen.get(name, (low, high))
                self.seen[name] = min(low, before[0]), max(high, before[1])

    def warning(self, known: Mapping[str, Range], what: str) -> str | None:
        """Return a sentence where values do not fit those of a calibration, or None.

        Args:
            known: the ranges of the calibration, by input.
            what: the name of the data.
        """
        for name, (low, high) in self.seen.items():
            if name not in known:
                continue
            most, usual = max(-low, high), max(map(abs, known[name]))
            if usual > 0 and not BELOW * usual <= most <= BEYOND * usual:
                from_, to = known[name]
                return (
                    f"the values of {name} in {what} lie between {low:.4g} and "
                    f"{high:.4g}, but between {from_:.4g} and {to:.4g} in the "
                    "calibration, so that spikes do not fit them: give data that is "
                    "scaled alike"
                )
        return None
