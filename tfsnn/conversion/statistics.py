"""One streaming sweep of the ANN over data: statistics per node and channel.

Memory is bounded whatever the size of the data: of a channel, only a histogram and
running moments are kept. Maximum, mean and variance see every value; the histogram, of
each image, at most ``sweep.POSITIONS`` places per feature map (drawn anew for each
batch), so that the sweep costs little more than the ANN's forward pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.conversion.finite import check_range, not_finite
from tfsnn.conversion.sweep import Sweep
from tfsnn.errors import CalibrationError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Affine, Rate

BINS = 1024


@dataclass
class Statistics:
    """The statistics of one rate node's activations, by channel, all >= 0.

    Of a smooth activation, which may be negative, its absolute value is meant.

    Attributes:
        samples: the number of samples seen.
        count: values seen per channel.
        mean, variance, maximum: those of every value, ``(C,)``, activation units.
        width: the width of a bin, ``(C,)``; bin i holds ``[i, i + 1) * width``.
        histogram: the histogram of the values drawn, ``(C, BINS)``.
        current_mean, current_variance, current_minimum: those of every value before
            the ReLU, ``(C,)``.
        peak: the largest activation of each neuron, ``(*units)``.
        silent: whether the node was never active, and these are another node's.
    """

    samples: int
    count: int
    mean: np.ndarray
    variance: np.ndarray
    maximum: np.ndarray
    width: np.ndarray
    histogram: np.ndarray
    current_mean: np.ndarray
    current_variance: np.ndarray
    current_minimum: np.ndarray
    peak: np.ndarray
    silent: bool = False

    def percentile(self, q: float) -> np.ndarray:
        """Return the q-th percentile (0..100) of each channel; 100 is the maximum."""
        if q >= 100:
            return self.maximum
        return np.minimum(_quantile(self.histogram, self.width, q / 100), self.maximum)

    def layer(self) -> Statistics:
        """Return the statistics of all channels as one, which has index 0."""
        width = np.array([self.width.max()])
        bins = (np.arange(BINS) + 0.5) * (self.width / width)[:, None]
        pooled = np.bincount(
            bins.astype(int).ravel(), self.histogram.ravel(), minlength=BINS
        )
        mean, variance = _pooled(self.mean, self.variance)
        current_mean, current_variance = _pooled(
            self.current_mean, self.current_variance
        )
        return Statistics(
            samples=self.samples,
            count=self.count * len(self.mean),
            mean=mean,
            variance=variance,
            maximum=self.maximum.max(keepdims=True),
            width=width,
            histogram=pooled[None],
            current_mean=current_mean,
            current_variance=current_variance,
            current_minimum=self.current_minimum.min(keepdims=True),
            peak=self.peak,
        )

    @property
    def values(self) -> np.ndarray:
        """The centres of the bins, ``(C, BINS)``."""
        return (np.arange(BINS) + 0.5) * self.width[:, None]

    @property
    def dead(self) -> np.ndarray:
        """Which channels never activated, ``(C,)`` of bool."""
        return self.maximum <= 0


def _pooled(mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the variance of all channels' values together."""
    pooled = mean.mean(keepdims=True)
    between = np.mean((mean - pooled) ** 2, keepdims=True)
    return pooled, variance.mean(keepdims=True) + between


def _quantile(histogram: np.ndarray, width: np.ndarray, q: float) -> np.ndarray:
    """Return the value below which a share q of each channel lies, interpolated."""
    below = np.cumsum(histogram, axis=1)
    rank = q * below[:, -1]
    index = np.argmax(below >= rank[:, None], axis=1)
    rows = np.arange(len(index))
    within = histogram[rows, index]
    start = below[rows, index] - within
    share = (rank - start) / np.maximum(within, 1)
    return (index + share) * width


@dataclass
class _Accumulator:
    """Statistics in the making, for one node."""

    count: int = 0
    total: np.ndarray | float = 0.0
    squares: np.ndarray | float = 0.0
    current_total: np.ndarray | float = 0.0
    current_squares: np.ndarray | float = 0.0
    current_minimum: np.ndarray | float = np.inf
    peak: Any = 0.0
    maximum: np.ndarray | float = 0.0
    width: np.ndarray = field(default_factory=lambda: np.zeros(0))
    histogram: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def add(
        self,
        count: int,
        moments: np.ndarray,  # (4, C): sums of the values and currents, and of squares
        sizes: np.ndarray,  # (2,): what values and currents were divided by for those
        peak: np.ndarray,  # (*units)
        drawn: np.ndarray,  # (n, C)
        lowest: np.ndarray | float = np.inf,  # (C,): the smallest currents
    ) -> None:
        self.count += count
        size, current_size = sizes.astype(np.float64)
        units = np.array([size, size**2, current_size, current_size**2])
        total, squares, current_total, current_squares = moments * units[:, None]
        self.total = self.total + total
        self.squares = self.squares + squares
        self.current_total = self.current_total + current_total
        self.current_squares = self.current_squares + current_squares
        self.current_minimum = np.minimum(self.current_minimum, lowest)
        self.peak = np.maximum(self.peak, peak)
        self.maximum = self.peak.max(tuple(range(peak.ndim - 1)))
        self._make_room()
        channels = drawn.shape[1]
        # A channel of width 0 has only zeros so far.
        index = (drawn / np.where(self.width > 0, self.width, 1.0)).astype(np.int64)
        index += BINS * np.arange(channels)
        self.histogram += np.bincount(index.ravel(), minlength=channels * BINS).reshape(
            channels, BINS
        )

    def _make_room(self) -> None:
        """Widen bins, by merging pairs, until the maximum lies in the last."""
        maximum = np.asarray(self.maximum)
        if not len(self.width):
            self.width = np.zeros(len(maximum))
            self.histogram = np.zeros((len(maximum), BINS))
        # Twice the first maximum, so that few channels need to be widened.
        new = (self.width == 0) & (maximum > 0)
        self.width[new] = 2 * maximum[new] / BINS
        while (full := maximum >= self.width * BINS)[self.width > 0].any():
            full &= self.width > 0
            pairs = self.histogram[full].reshape(-1, BINS // 2, 2).sum(-1)
            self.histogram[full] = np.concatenate([pairs, np.zeros_like(pairs)], 1)
            self.width[full] *= 2

    def result(self, samples: int) -> Statistics:
        mean = np.asarray(self.total) / self.count
        current_mean = np.asarray(self.current_total) / self.count
        current_square = np.asarray(self.current_squares) / self.count
        return Statistics(
            samples=samples,
            count=self.count,
            mean=mean,
            variance=np.maximum(np.asarray(self.squares) / self.count - mean**2, 0),
            current_mean=current_mean,
            current_variance=np.maximum(current_square - current_mean**2, 0),
            current_minimum=np.asarray(self.current_minimum, np.float64),
            peak=np.asarray(self.peak, np.float64),
            maximum=np.asarray(self.maximum, np.float64),
            width=self.width,
            histogram=self.histogram,
        )


def calibrate(
    graph: Graph, batches: Iterable[Any], *, seed: int = 0
) -> dict[str, Statistics]:
    """Return the statistics of every rate node, by name.

    Args:
        graph: the ANN.
        batches: inputs, ``(B, *input shape)`` each.
        seed: the seed of the places drawn for the histograms.

    Raises:
        CalibrationError: if there is no data, a whole layer never activates (and has no
            levels of its own), or
            float32 does not hold the values of a layer.
    """
    rates = graph.of_kind(Rate)
    accumulators = {node.name: _Accumulator() for node in rates}
    sweep = Sweep(graph)
    samples, largest = 0, dict.fromkeys(graph.outputs, 0.0)
    for number, x in enumerate(batches):
        feed = graph.feed(x)
        tensors = {k: tf.constant(values, tf.float32) for k, values in feed.items()}
        size = len(next(iter(feed.values())))
        for node, found in sweep(tensors, (seed, number)):
            if node.name in largest:
                largest[node.name] = np.maximum(largest[node.name], found)
                continue
            if not all(np.isfinite(array).all() for array in found):
                raise not_finite(graph, tensors, samples, node.layer)
            count = size * int(np.prod(node.shape[:-1]))
            accumulators[node.name].add(count, *found)
        samples += size
    if samples == 0:
        raise CalibrationError("the calibration data is empty: give some samples")
    statistics = {name: a.result(samples) for name, a in accumulators.items()}
    for name, of_node in statistics.items():
        check_range(f"the activations of {graph[name].layer}", of_node.maximum.max())
    for name, most in largest.items():
        check_range(f"the values at the output {name}", float(most))
    statistics = {n: _heard(graph, statistics, n) for n in statistics}
    # The levels of a quantised activation are known without any data.
    needed = [node.name for node in rates if node.quantized is None]
    silent = [graph[n].layer for n in needed if statistics[n].dead.all()]
    if silent:
        raise CalibrationError(
            f"no neuron of {', '.join(dict.fromkeys(silent))} was ever active in "
            f"{samples} calibration samples, so their thresholds are unknown: check "
            "that the data is scaled as in training, or give other samples"
        )
    return statistics


def _heard(graph: Graph, found: Mapping[str, Statistics], name: str) -> Statistics:
    """Return the statistics of a node; of the layer's other half if it is silent.

    A layer with populations for x above and below 0 may only ever see one of them.
    """
    if not found[name].dead.all():
        return found[name]
    node = graph[name]
    for other, of_other in found.items():
        halves = (node.layer, node.shape) == (graph[other].layer, graph[other].shape)
        if halves and not of_other.dead.all():
            return replace(of_other, silent=True)
    # The negative of what is never negative, as |x| behind a ReLU has it.
    before = graph[node.inputs[0]]
    if isinstance(before, Affine) and before.inputs[0] in found:
        never = np.all(np.less_equal(before.gain, 0)) and not np.any(before.offset)
        of_source = found[before.inputs[0]]
        if never and before.shape == node.shape and not of_source.dead.all():
            return replace(of_source, silent=True)
    return found[name]
