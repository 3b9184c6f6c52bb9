"""TerMapping: threshold balancing and a double threshold, spikes -1, 0 and 1.

Q. Yu, C. Ma, S. Song, G. Zhang, J. Dang, K. C. Tan, "Constructing Accurate and
Efficient Deep Spiking Neural Networks with Double-threshold and Augmented Schemes",
IEEE TNNLS 33(4):1714-1726, 2022, arXiv 2005.03231.

    s(t) = 1 if U >= theta;  -1 if U < -theta_n and something has been sent;  else 0
    V <- U - theta * s(t)

The paper's equations and constants were not to be had, only its abstract; this is the
reading consistent with it. The defaults are the best of those measured on the three
shipped networks (``benchmarks.accuracy.options``): V(0) = theta / 2 matters most
(without it, the ResNet loses 40 points instead of 1 at T=16), then theta_n = 0, which
makes firing a rounding; thresholds of least mean square error per channel beat
percentiles and maxima below T=32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfsnn.calibrate import Statistics
from tfsnn.graph import Graph
from tfsnn.methods.contract import method, option
from tfsnn.methods.options import CORRECTED, Corrected, Thresholds
from tfsnn.methods.thresholds import plan_rates
from tfsnn.plan import Plan


@method("termapping")
@dataclass(frozen=True)
class TerMapping(Thresholds, Corrected):
    """Spikes of -1, 0 and 1: a negative spike takes back what was sent too much."""

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    negative_threshold: float = option(0.0, "theta_n, a size, in thresholds", low=0)
    initial_potential: float = option(0.5, "V(0), in thresholds")
    correct: str = option(
        "weights+bias", "what is corrected, layer by layer", CORRECTED
    )

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """See the module."""
        return plan_rates(
            graph,
            statistics,
            self,
            levels=1,
            resolution=self.timesteps,
            initial_potential=self.initial_potential,
            negative_threshold=self.negative_threshold,
        )
