"""Optimal initial potential: half a threshold, at once.

T. Bu, J. Ding, Z. Yu, T. Huang, "Optimized Potential Initialization for Low-latency
Spiking Neural Networks", AAAI 2022, arXiv 2202.01440.

    theta = max activation;  V(0) = theta / 2
    s(t) = 1 if V >= theta;  V <- V - theta * s(t)

For currents that are uniform over a threshold, V(0) = theta / 2 has the least expected
square error. Departs from the paper in that the ANN is not trained with clipped
activations (train it with ``ReLU(max_value)`` for that).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfsnn.conversion.methods.contract import method, option
from tfsnn.conversion.methods.options import GRANULARITY, RULES, Corrected, Thresholds
from tfsnn.conversion.methods.thresholds import plan_rates
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.graph import Graph


@method("opi")
@dataclass(frozen=True)
class OptimalPotential(Thresholds, Corrected):
    """Binary spikes; the potential starts at half a threshold."""

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    scale: str = option("max", "rule for the thresholds", RULES)
    per: str = option("layer", "one threshold for each of these", GRANULARITY)
    initial_potential: float = option(0.5, "V(0), in thresholds")

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """See the module."""
        return plan_rates(
            graph,
            statistics,
            self,
            resolution=self.timesteps,
            initial_potential=self.initial_potential,
        )
