"""Units of signals: the activation, in the ANN's units, that the value 1 stands for.

A unit is ``(1,)``, one per channel ``(C,)``, or one per element ``(*shape)``; it
broadcasts to the shape of its signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

ONE = np.ones(1)  # the ANN's own units


class Rescaled(NamedTuple):
    """A node whose scales are written into its weights.

    Attributes:
        node: the node with its weights changed.
        unit: the unit of its output.
        reads: the unit in which each of its inputs has to come.
    """

    node: Any
    unit: np.ndarray
    reads: Sequence[np.ndarray]


def compressed(unit: np.ndarray) -> np.ndarray:
    """Return a unit per element as one per channel, if that says the same."""
    if unit.size == 1 or unit.ndim == 1:
        return unit
    first = unit.reshape(-1, unit.shape[-1])[0]
    return first if (unit == first).all() else unit
