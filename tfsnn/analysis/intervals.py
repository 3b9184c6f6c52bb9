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


def alone(value: float) -> Interval:
    """Return an estimate whose interval is not known: bounds of NaN."""
    return Interval(value, math.nan, math.nan)


def normal(value: float, deviation: float) -> Interval:
    """Return an estimate that is never below 0, by its standard error."""
    half = Z * deviation
    return Interval(value, max(value - half, 0.0), value + half)


def ratio(above: Any, below: Any) -> Interval:
    """Return the sum of ``(N,)`` values over that of others, with its interval.

    Wilson's where each sample counts once and is right or wrong. Otherwise that of a
    ratio of means, by the linear term of its expansion (W. G. Cochran, "Sampling
    techniques", 1977, section 6.3): with R the ratio, its standard error is that of the
    mean of ``above - R below``, over the mean of `below`. A single sample has none.
    """
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    if np.all(below == 1) and np.isin(above, (0, 1)).all():
        return wilson(int(above.sum()), len(above))
    value = float(above.sum() / below.sum())
    spread = mean(above - value * below)
    half = (spread.high - spread.value) / float(below.mean())
    return Interval(value, value - half, value + half)
