"""Checks that layers of neurons share."""

from __future__ import annotations

import math

from tfsnn.errors import OptionError


def require(layer: str, threshold: float, max_coefficient: float | None) -> None:
    """Refuse a threshold or a largest coefficient that no neuron can have.

    Raises:
        OptionError: for such a value.
    """
    if not 0 < threshold < math.inf:
        raise OptionError(f"{layer}: threshold={threshold} must be positive")
    most = max_coefficient
    if not (most is None or (most >= 1 and float(most).is_integer())):
        raise OptionError(
            f"{layer}: max_coefficient={most} must be a positive integer or None"
        )
