"""SRP: neurons that a few pre-steps leave without residual potential are silenced.

Z. Hao, T. Bu, J. Ding, T. Huang, Z. Yu, "Reducing ANN-SNN Conversion Error through
Residual Membrane Potential", AAAI 2023, arXiv 2302.02091 (read in the authors' code).

    tau steps from V(0);  m = 1 if V(tau) > 1e-3 theta, else 0
    T steps from V(0) again:  s(t) = m if V >= theta, else 0;  V <- V - theta * s(t)

Against the commonest error, of a neuron whose activation is 0 and that fires all the
same. All layers run together: tau + T steps of latency. Departs from the paper in that
the ANN need not be trained with QCFS: thresholds are those of least square error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfsnn.conversion.methods.contract import method, option
from tfsnn.conversion.methods.options import Corrected, Thresholds
from tfsnn.conversion.methods.thresholds import plan_rates
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph


@method("srp")
@dataclass(frozen=True)
class SilencedResidual(Thresholds, Corrected):
    """Binary spikes; tau pre-steps find the neurons that are to be silent."""

    timesteps: int = option(8, "time steps that the thresholds are chosen for", low=1)
    pre_steps: int = option(4, "tau, steps before the T that count", low=1)
    initial_potential: float = option(0.5, "V(0), in thresholds")

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """See the module."""
        return plan_rates(
            graph,
            statistics,
            self,
            resolution=self.timesteps,
            initial_potential=self.initial_potential,
            neuron="silenced",
            settings={"pre_steps": self.pre_steps},
            clock=Clock(pre_steps=self.pre_steps),
        )
