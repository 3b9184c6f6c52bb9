"""Burst spikes: as many spikes in one step as the potential holds.

Y. Li, Y. Zeng, "Efficient and Accurate Conversion of Spiking Neural Network with Burst
Spikes", IJCAI 2022, arXiv 2204.13271 (read in the authors' code).

    s(t) = clip(floor(V / theta), 0, Gamma);  V <- V - theta * s(t);  V(0) = 0

theta is a percentile of the activations of a layer in which those above 1 are divided
by Gamma, as bursts can carry them. The paper's lateral-inhibition pooling sends, in
each step, what the maximum of its inputs' sums has grown by; here that is what every
max pooling does (:mod:`tfsnn.network.running_sum`), where it does not stand before
the neuron.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import (
    GRANULARITY,
    RULES,
    Corrected,
    InitialPotential,
)
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import LevelsOption, Spikes
from tfsnn.conversion.methods.thresholds import TINY
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import BINS, Statistics
from tfsnn.network.graph import Graph


@method("burst")
@dataclass(frozen=True)
class Burst(InitialPotential, Corrected):
    """Unsigned integer spikes of up to Gamma."""

    alphabet = Spikes(LevelsOption("levels"))

    timesteps: int = option(16, "time steps that the thresholds are chosen for", low=1)
    levels: int = option(5, "Gamma, the most spikes of one step", low=1)
    scale: str = option("percentile", "rule for the thresholds", RULES)
    per: str = option("layer", "one threshold for each of these", GRANULARITY)
    initial_potential: float = option(0.0, "V(0), in thresholds")

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan by the percentile of discounted activations, or by another rule."""
        if self.scale != "percentile":
            return super().plan(graph, statistics)
        discounted = {
            name: discount(of_node, self.levels) for name, of_node in statistics.items()
        }
        # The percentile is what one spike stands for, not what a burst does.
        wider = replace(self, threshold_scale=self.threshold_scale * self.levels)
        return InitialPotential.plan(wider, graph, discounted)


def discount(statistics: Statistics, levels: int) -> Statistics:
    """Return the statistics with activations above 1 divided by `levels`."""
    values = statistics.values
    discounted = np.where(values > 1, values / levels, values)
    index = np.minimum(discounted / np.maximum(statistics.width, TINY)[:, None], BINS)
    index = np.clip(index.astype(int), 0, BINS - 1)
    histogram = np.zeros_like(statistics.histogram)
    rows = np.repeat(np.arange(len(values)), BINS)
    np.add.at(histogram, (rows, index.ravel()), statistics.histogram.ravel())
    return replace(statistics, histogram=histogram)
