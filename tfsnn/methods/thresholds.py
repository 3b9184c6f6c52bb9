"""Rules that turn statistics into the scale of each channel: threshold balancing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfsnn.calibrate import BINS, Statistics
from tfsnn.graph import Graph
from tfsnn.methods.contract import NeuronPlan
from tfsnn.nodes import Rate

RULES = ("max", "percentile", "mse")
GRANULARITY = ("channel", "layer")


def plan_rates(
    graph: Graph,
    statistics: Mapping[str, Statistics],
    *,
    rule: str,
    percentile: float,
    per: str,
    levels: int | None,
    resolution: int,
    initial_potential: float,
    negative_threshold: float | None,
) -> dict[str, NeuronPlan]:
    """A plan of one rule for every rate node.

    Args:
        graph: for the bounds of ReLU6 and the like.
        statistics: of every rate node.
        rule: of :data:`RULES`. "max" and "percentile" let the largest spike of one step
            stand for that activation; "mse" minimises the mean square error of
            rounding the activation to ``0..resolution`` spikes.
        percentile: of rule "percentile".
        per: one scale per "channel" or per "layer".
        levels: the largest coefficient; None for no bound (scales as for one level).
        resolution: spikes in which the largest activation is coded, for rule "mse".
        initial_potential: in thresholds.
        negative_threshold: in thresholds; None for unsigned spikes.
    """
    plans = {}
    for node in graph.of_kind(Rate):
        of_node = statistics[node.name]
        pool = of_node.layer() if per == "layer" else of_node
        if rule == "mse":
            scale = mean_square_scale(pool, resolution, levels)
        else:
            largest = pool.percentile(100 if rule == "max" else percentile)
            # A percentile of a channel that is silent most of the time may be zero.
            largest = np.where(largest > 0, largest, pool.maximum)
            scale = largest / (levels or 1)
        scale = np.broadcast_to(_revive(scale), of_node.maximum.shape)
        scale, most = bounded(scale, node.max_value, levels)
        plans[node.name] = NeuronPlan(
            scale, initial_potential, negative_threshold, most
        )
    return plans


def _revive(scale: np.ndarray) -> np.ndarray:
    """Give channels that never activated the median scale of the others."""
    return np.where(scale > 0, scale, np.median(scale[scale > 0]))


def bounded(
    scale: np.ndarray, max_value: float | None, levels: int | None
) -> tuple[np.ndarray, float | np.ndarray | None]:
    """Scales and largest coefficients that realise ReLU's upper bound exactly.

    A mean output cannot exceed ``coefficient * scale``; so where that product would
    exceed `max_value` the scale is lowered to make it equal.
    """
    if levels is not None:
        bound = np.inf if max_value is None else max_value / levels
        return np.minimum(scale, bound), float(levels)
    if max_value is None:
        return scale, None
    most = np.ceil(max_value / scale)
    return max_value / most, most


SHARES = np.geomspace(0.05, 1.0, 80)  # ranges tried, as shares of the maximum
BEYOND = np.linspace(0.0, 4.0, 33)  # and beyond it, in mean excesses of large values
FEW = 16  # values with which a channel's own excess weighs as much as the others'
BLOCK = 128  # channels searched at a time, so that their histograms stay in the cache


def mean_square_scale(
    statistics: Statistics, resolution: int, levels: int | None
) -> np.ndarray:
    """The scale of each channel with the least mean square coding error, ``(C,)``.

    With n = resolution spikes over all steps and range r, an activation a is coded as
    q(a) = (r / n) * clip(round(n a / r), 0, n); r is searched between 1/20 of the
    maximum and the maximum (grid search as in Li et al., ICML 2021, arXiv 2106.06984,
    with rounding in place of flooring). The scale is ``r / levels``, because in one
    step at most `levels` spikes can be sent.

    Where spikes are finer than the bins of the histogram, rounding is no longer what
    costs, but clipping larger activations than calibration showed: see
    :func:`_wide_range`.
    """
    values = statistics.values
    search = _wide_range if resolution > BINS else _best_range
    ranges = [
        search(
            values[block],
            statistics.histogram[block],
            statistics.maximum[block],
            resolution,
        )
        for start in range(0, len(statistics.maximum), BLOCK)
        for block in [slice(start, start + BLOCK)]
    ]
    return np.concatenate(ranges) / (levels or 1)


def _best_range(
    a: np.ndarray, weight: np.ndarray, maximum: np.ndarray, resolution: int
) -> np.ndarray:
    """The range of least error of each channel; `a` and `weight` are ``(C, bins)``."""
    used = np.flatnonzero(weight.any(0))
    a, weight = a[:, : used[-1] + 1], weight[:, : used[-1] + 1]

    best = np.full(len(a), np.inf)
    chosen = maximum.copy()
    for share in SHARES:
        largest = np.maximum(share * maximum, 1e-30)
        unit = (largest / resolution)[:, None]
        coded = np.rint(a / unit)
        np.clip(coded, 0, resolution, out=coded)
        coded *= unit
        coded -= a
        coded *= coded
        error = np.einsum("cb,cb->c", coded, weight)
        better = error < best
        best = np.where(better, error, best)
        chosen = np.where(better, largest, chosen)
    return chosen


def _wide_range(
    a: np.ndarray, weight: np.ndarray, maximum: np.ndarray, resolution: int
) -> np.ndarray:
    """The range of least expected error from the maximum upwards, for fine spikes.

    Active values above their mean u are taken to be exponential: a share p of them
    with mean excess b. So the range r costs, for each active value, r^2 / (12 n^2) by
    rounding and 2 p b^2 exp(-(r - u) / b) by clipping. What p and b are of a channel
    that was active few times is drawn to those of the others. (Departs from Li et al.,
    whose ranges end at the maximum.)
    """
    active = weight.copy()
    active[:, 0] = 0  # the first bin holds the zeros
    count = active.sum(1)
    mean = (active * a).sum(1) / np.maximum(count, 1)
    above = active * (a > mean[:, None])
    number = above.sum(1)
    total = (above * (a - mean[:, None])).sum(1)
    usual_excess = np.median(total / np.maximum(number, 1))
    usual_share = np.median(number / np.maximum(count, 1))
    excess = np.maximum((total + FEW * usual_excess) / (number + FEW), 1e-30)[:, None]
    share = ((number + FEW * usual_share) / (count + FEW))[:, None]
    ranges = maximum[:, None] + excess * BEYOND
    rounding = ranges**2 / (12 * resolution**2)
    tail = np.exp(np.minimum((mean[:, None] - ranges) / excess, 0.0))
    best = np.argmin(rounding + 2 * share * excess**2 * tail, axis=1)
    return np.take_along_axis(ranges, best[:, None], 1)[:, 0]
