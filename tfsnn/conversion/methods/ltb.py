"""Local threshold balancing, read out when the first spikes have come through.

T. Bu, M. Li, Z. Yu, "Inference-Scale Complexity in ANN-SNN Conversion for
High-Performance and Low-Power Applications", CVPR 2025, arXiv 2409.03368.

    theta descends the clipping error (:func:`tfsnn.methods.thresholds.balanced_range`)
    V(0) = theta / 2;  s(t) = 1 if V >= theta;  V <- V - theta * s(t)
    outputs are the mean current of the steps t0 < t <= T, with the expected latency
    t0 = sum over layers of (theta - V(0)) / (the largest mean activation of a channel)
    and t0 <= T - 4

Max pooling stands before the neuron (:mod:`tfsnn.network.passes.pool_before_rate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import RULES, Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph


@method("ltb")
@dataclass(frozen=True)
class LocalThresholdBalancing(InitialPotential, Corrected):
    """Binary spikes; balanced thresholds, delayed readout."""

    alphabet = Spikes()

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    scale: str = option("balance", "rule for the thresholds", RULES)
    delayed: str = option("yes", "whether the first steps are left out", ("yes", "no"))

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan balanced thresholds, and the steps that a delayed readout leaves out."""
        plan = super().plan(graph, statistics)
        if self.delayed == "no":
            return plan
        missing = 1 - self.initial_potential
        delay = sum(
            missing * float(np.mean(neurons.scale)) / float(statistics[name].mean.max())
            for name, neurons in plan.items()
        )
        return Plan(plan, Clock(delay=round(max(delay, 0.0))), plan.notes)
