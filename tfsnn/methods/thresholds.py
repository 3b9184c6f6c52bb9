"""Rules that turn statistics into the scale of each channel: threshold balancing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfsnn.calibrate import Statistics
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
    """
    values = statistics.values
    ranges = [
        _best_range(
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
