"""AugMapping: TerMapping with spikes that carry an integer coefficient.

Q. Yu, C. Ma, S. Song, G. Zhang, J. Dang, K. C. Tan, "Constructing Accurate and
Efficient Deep Spiking Neural Networks with Double-threshold and Augmented Schemes",
IEEE TNNLS 33(4):1714-1726, 2022, arXiv 2005.03231.

    c(t) = min(floor(U / theta), C) if U >= theta; max(floor((U + theta_n) / theta), -C,
    -sum of c so far) if U < -theta_n; else 0;    V <- U - theta * c(t)

The paper's equations and constants were not to be had, only its abstract; this is the
reading consistent with it. It names no bound of the coefficient: `levels` is one (C),
as in H-MT (Zhang et al., AAAI 2026), and None takes it away. The defaults are the best
of those measured on the three shipped networks (``benchmarks.accuracy.options``);
V(0) = theta / 2 matters most, while theta_n and the threshold rule make little
difference from T=2 on. With 15 levels the loss is below 0.1 points at T=2; 7 levels
need T=4, 3 levels more than that.
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


@method("augmapping")
@dataclass(frozen=True)
class AugMapping(Thresholds, Corrected):
    """Signed spikes with an integer coefficient: the ANN's accuracy in a few steps."""

    timesteps: int = option(4, "time steps that the thresholds are chosen for", low=1)
    levels: int | None = option(
        15, "spike units one step can carry; none: unbounded", low=1
    )
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
            levels=self.levels,
            resolution=(self.levels or 1) * self.timesteps,
            initial_potential=self.initial_potential,
            negative_threshold=self.negative_threshold,
        )
