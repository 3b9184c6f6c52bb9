"""95 % confidence intervals of figures that are measured on a part of all samples."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

Z = 1.959963984540054  # 97.5 % of a normal distribution lies below


class Interval(NamedTuple):
    """An estimate, and the bounds of its interval."""

    value: float
    low: float
    high: float


def wilson(count: int, samples: int) -> Interval:
    """Return the share ``count / samples`` with its Wilson score interval.

    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22:209-212, 1927. With p the share and n the samples::

        (p + z² / 2n ± z √(p (1 - p) / n + z² / 4n²)) / (1 + z² / n)

    It stays within 0..1 and has a width at shares of 0 and 1 as well.
    """
    share, per = count / samples, Z * Z / samples
    middle = (share + per / 2) / (1 + per)
    half = Z * math.sqrt(share * (1 - share) / samples + per / (4 * samples))
    half /= 1 + per
    # Rounding must not put the estimate outside, at shares of 0 and 1.
    low, high = min(middle - half, share), max(middle + half, share)
    return Interval(share, max(low, 0.0), min(high, 1.0))


def mean(values: Any) -> Interval:
    """Return the mean of ``(N,)`` values with its normal interval, mean ± z s / √n.

    s is the sample standard deviation; a single value has none, and bounds of NaN.
    """
    values = np.asarray(values, np.float64)
    middle = float(values.mean())
    if len(values) < 2:
        return Interval(middle, math.nan, math.nan)
    half = Z * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(middle, middle - half, middle + half)
