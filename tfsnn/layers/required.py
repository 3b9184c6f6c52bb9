"""Checks that layers of neurons share."""

from __future__ import annotations

import math
from typing import Any

from tfsnn.errors import OptionError
from tfsnn.surrogates import as_surrogate


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


def require_levels(surrogate: Any, most: Any) -> None:
    """Refuse an unknown surrogate, or one for spikes without one bound for all.

    Raises:
        OptionError: for these.
    """
    if surrogate is None:
        return
    as_surrogate(surrogate)
    if not (isinstance(most, int | float) and math.isfinite(most)):
        raise OptionError(
            f"max_coefficient={most} does not go with a surrogate, which has a slope "
            "for each level: give one number, or surrogate=None"
        )
