"""Threshold and shift: half a threshold, spread over the steps.

S. Deng, S. Gu, "Optimal Conversion of Conventional Artificial Neural Networks to
Spiking Neural Networks", ICLR 2021, arXiv 2103.00476.

    theta = max activation;  V(0) = 0
    V <- V + I(t) + theta / (2 T);  s(t) = 1 if V >= theta;  V <- V - theta * s(t)

so that after T steps the count is rounded instead of floored. Departs from the paper in
the output layer, which does not spike here, and in that the ANN is not trained with
clipped activations (train it with ``ReLU(max_value)`` for that).
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


@method("rts")
@dataclass(frozen=True)
class ThresholdShift(Thresholds, Corrected):
    """Binary spikes; a current of theta / 2T turns flooring into rounding."""

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    scale: str = option("max", "rule for the thresholds", RULES)
    per: str = option("layer", "one threshold for each of these", GRANULARITY)

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """See the module."""
        return plan_rates(
            graph,
            statistics,
            self,
            resolution=self.timesteps,
            neuron="driven",
            settings={"drive": 0.5 / self.timesteps},
        )
