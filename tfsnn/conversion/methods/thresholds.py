"""Threshold balancing: rules that turn statistics into the scale of each channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tfsnn.conversion.methods.exact import exact
from tfsnn.conversion.plan import NeuronPlan, Plan
from tfsnn.conversion.statistics import BINS, Statistics
from tfsnn.errors import OptionError
from tfsnn.network.clock import RATE_CLOCK, Clock
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate

# What takes the place of 0 in a denominator: nothing that float32 holds is as small.
TINY = 1e-290


class Rule(Protocol):
    """The rule to apply, as :class:`tfsnn.methods.options.Thresholds` gives it."""

    @property
    def scale(self) -> str:
        """The name of the rule."""
        ...

    @property
    def percentile(self) -> float:
        """The percentile of the activations, for the rule of that name."""
        ...

    @property
    def threshold_scale(self) -> float:
        """The factor of all thresholds."""
        ...

    @property
    def per(self) -> str:
        """What shares a threshold: "channel", "layer" or "neuron"."""
        ...


def plan_rates(
    graph: Graph,
    statistics: Mapping[str, Statistics],
    thresholds: Rule,
    *,
    resolution: int,
    levels: int | None = 1,
    clock: Clock = RATE_CLOCK,
    **neuron: Any,
) -> Plan:
    """Plan every rate node by one rule for its thresholds.

    The levels of a quantised activation are its thresholds where spikes count them.

    Args:
        graph: the ANN, whose nodes have the bounds of ReLU6 and the like.
        statistics: those of every rate node, by name.
        thresholds: the rule. "max" and "percentile" let the largest spike of one step
            stand for that activation; "mse" and "gaussian" minimise the mean square
            error of rounding the activation to ``0..resolution`` spikes; "balance" is
            local threshold balancing.
        resolution: spikes in which the largest activation is coded.
        levels: the largest coefficient; None for no bound (scales as for one level).
        clock: how the steps count.
        neuron: other fields of every :class:`NeuronPlan`.

    Raises:
        OptionError: for a threshold of each neuron by a rule other than "max".
    """
    plans = {}
    for node in graph.of_kind(Rate):
        if (found := exact(node, resolution, levels, clock)) is not None:
            plans[node.name] = found
            continue
        known, rounding = statistics[node.name], node.rounding
        shape = node.shape if thresholds.per == "neuron" else node.shape[-1:]
        counted = rounding is not None and rounding.most <= resolution
        if counted or (rounding is not None and known.dead.all()):
            scale = np.full(shape, np.inf)  # as large as the bound lets it be
        else:
            scale = thresholds.threshold_scale * _scale(
                thresholds, known, resolution, levels
            )
            scale = np.broadcast_to(_revive(scale), shape)
        scale, most = bounded(scale, node.max_value, levels)
        plans[node.name] = NeuronPlan(scale, max_coefficient=most, **neuron)
    plan = Plan(plans, clock)
    return Plan(plans, replace(clock, exact=True)) if plan.exact else plan


def _scale(
    thresholds: Rule, statistics: Statistics, resolution: int, levels: int | None
) -> np.ndarray:
    rule = thresholds.scale
    if thresholds.per == "neuron":
        if rule != "max":
            raise OptionError(
                f"per=neuron goes with scale=max, not with scale={rule}: only the "
                "largest activation of each single neuron is known"
            )
        return np.maximum(statistics.peak, 0) / (levels or 1)
    pool = statistics.layer() if thresholds.per == "layer" else statistics
    if rule == "mse":
        return mean_square_scale(pool, resolution, levels)
    if rule == "gaussian":
        return gaussian_range(pool, resolution) / (levels or 1)
    if rule == "balance":
        return balanced_range(pool) / (levels or 1)
    largest = pool.percentile(100 if rule == "max" else thresholds.percentile)
    # A percentile of a channel that is silent most of the time may be zero.
    return np.where(largest > 0, largest, pool.maximum) / (levels or 1)


def _revive(scale: np.ndarray) -> np.ndarray:
    """Give channels that never activated the median scale of the others."""
    return np.where(scale > 0, scale, np.median(scale[scale > 0]))


def bounded(
    scale: np.ndarray, max_value: float | None, levels: int | None
) -> tuple[np.ndarray, float | np.ndarray | None]:
    """Return scales and largest coefficients that realise ReLU's upper bound exactly.

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
    """Return each channel's scale of least mean square coding error, ``(C,)``.

    With n = resolution spikes over all steps and range r, an activation a is coded as
    q(a) = (r / n) * clip(round(n a / r), 0, n); r is searched between 1/20 of the
    maximum and the maximum (grid search as in Li et al., ICML 2021, arXiv 2106.06984,
    with rounding in place of flooring). The scale is ``r / levels``, because in one
    step at most `levels` spikes can be sent; 0 for channels that never activated.

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
    found = np.where(statistics.dead, 0.0, np.concatenate(ranges))
    return found / (levels or 1)


def _best_range(
    a: np.ndarray, weight: np.ndarray, maximum: np.ndarray, resolution: int
) -> np.ndarray:
    """Return each channel's range of least error, for `a`, `weight` ``(C, bins)``."""
    used = np.flatnonzero(weight.any(0))
    a, weight = a[:, : used[-1] + 1], weight[:, : used[-1] + 1]

    best = np.full(len(a), np.inf)
    chosen = maximum.copy()
    for share in SHARES:
        largest = np.maximum(share * maximum, TINY)
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
    """Return the range of least expected error from the maximum up, for fine spikes.

    Active values above their mean u are taken to be exponential: a share p of them
    with mean excess b. So the range r costs, for each active value, r^2 / (12 n^2) by
    rounding and 2 p b^2 exp(-(r - u) / b) by clipping. The p and b of a channel
    that was active few times are drawn to those of the others. (Departs from Li et al.,
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
    excess = np.maximum((total + FEW * usual_excess) / (number + FEW), TINY)[:, None]
    share = ((number + FEW * usual_share) / (count + FEW))[:, None]
    ranges = maximum[:, None] + excess * BEYOND
    rounding = ranges**2 / (12 * resolution**2)
    tail = np.exp(np.minimum((mean[:, None] - ranges) / excess, 0.0))
    best = np.argmin(rounding + 2 * share * excess**2 * tail, axis=1)
    return np.take_along_axis(ranges, best[:, None], 1)[:, 0]


def gaussian_range(statistics: Statistics, resolution: int) -> np.ndarray:
    """Return the range of least mean square error for Gaussian currents, ``(C,)``.

    J. Zhang et al., "Harmony multi-threshold neuron", AAAI 2026: with z ~ N(mu, s^2) of
    each channel and N = resolution, the range r minimises the mean of (Q(z) -
    ReLU(z))^2 for Q(z) = (r / N) clip(floor(N z / r + 1/2), 0, N). With the steps x_i =
    (2 i - 1) r / (2 N), i = 1..N, the minimum is where k(r) = 1, that is ::

        mu A + s sqrt(2 / pi) B = r D,        A = mean erfc((x_i - mu) / (sqrt(2) s)),
        B = mean exp(-(x_i - mu)^2 / (2 s^2)),  D = sum (2 i - 1) / N^2 erfc(...)

    and k(r) > 1 below it. The paper iterates r <- k r, which converges slowly for many
    levels; here it is bisection.
    """
    mu, s = statistics.current_mean, np.sqrt(statistics.current_variance)
    s = np.maximum(s, 1e-6 * np.abs(mu))  # a current that never changes
    odd = 2.0 * np.arange(1, resolution + 1) - 1
    low, high = 1e-3 * s, np.maximum(30 * s, mu + 10 * s)
    for _ in range(60):
        r = np.sqrt(low * high)
        u = (odd * r[:, None] / (2 * resolution) - mu[:, None]) / np.maximum(s, TINY)[
            :, None
        ]
        tail = tf.math.erfc(tf.constant(u / np.sqrt(2))).numpy()
        falls_short = (
            mu * tail.mean(1)
            + s * np.sqrt(2 / np.pi) * np.exp(-(u**2) / 2).mean(1)
            - r * (tail * odd).sum(1) / resolution**2
        )
        low = np.where(falls_short > 0, r, low)
        high = np.where(falls_short > 0, high, r)
    return np.where(statistics.dead, 0.0, np.sqrt(low * high))


RATE_OF_BALANCING, ROUNDS_OF_BALANCING = 0.1, 1000


def balanced_range(
    statistics: Statistics,
    rate: float = RATE_OF_BALANCING,
    rounds: int = ROUNDS_OF_BALANCING,
) -> np.ndarray:
    """Return the thresholds of local threshold balancing, ``(C,)``.

    T. Bu, M. Li, Z. Yu, "Inference-scale complexity in ANN-SNN conversion", CVPR 2025,
    arXiv 2409.03368: the threshold descends the clipping error, from 0::

        theta <- theta + rate * 2 * mean((z - theta) [z > theta])

    It rises for ever slower, so the rounds are an option in disguise: few of them give
    lower thresholds, better at few steps. Departs from the paper in taking the mean
    over all calibration data in each round, from the histogram, of activations that no
    layer before has clipped; `rate` is not given there.
    """
    a, weight = statistics.values, statistics.histogram
    share = weight / np.maximum(weight.sum(1, keepdims=True), 1)
    # The mean of (z - theta)+ is linear between the centres of bins: tables of tails.
    above = np.cumsum(share[:, ::-1], 1)[:, ::-1]
    sums = np.cumsum((share * a)[:, ::-1], 1)[:, ::-1]
    rows = np.arange(len(a))
    width = np.maximum(statistics.width, TINY)
    theta = np.zeros(len(a))
    for _ in range(rounds):
        first = np.minimum(np.ceil(theta / width - 0.5), BINS - 1)
        first = np.maximum(first, 0).astype(int)
        excess = sums[rows, first] - theta * above[rows, first]
        theta = theta + 2 * rate * np.maximum(excess, 0)
    return theta
