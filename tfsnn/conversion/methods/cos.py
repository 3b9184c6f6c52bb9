"""COS: initial potentials shifted, for each input, so that offset spikes go or come.

Z. Hao, J. Ding, T. Bu, T. Huang, Z. Yu, "Bridging the Gap between ANNs and SNNs by
Calibrating Offset Spikes", ICLR 2023, arXiv 2302.10685 (read in the authors' code).

    rho steps from V(0), of each neuron:
    V(rho) < 0 and it fired:  V(0) <- V(0) - max(1, m - 0.999)    m: least at a spike
    V(rho) >= theta:          V(0) <- V(0) + max(1, 1.001 - m)    m: most without one

in thresholds; then T steps from there. Layers are corrected in order, so the latency is
rho for each of them, and T. Departs from the paper in that the ANN need not be trained
with QCFS: thresholds are those of least square error.
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


@method("cos")
@dataclass(frozen=True)
class OffsetSpikes(Thresholds, Corrected):
    """Binary spikes; rho pre-steps shift each initial potential by whole spikes."""

    timesteps: int = option(8, "time steps that the thresholds are chosen for", low=1)
    pre_steps: int = option(4, "rho, steps before the T that count", low=1)
    repeats: int = option(1, "corrections one after the other", low=1, high=8)
    initial_potential: float = option(0.5, "V(0), in thresholds")

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """See the module."""
        return plan_rates(
            graph,
            statistics,
            self,
            resolution=self.timesteps,
            initial_potential=self.initial_potential,
            neuron="offset_corrected",
            settings={"pre_steps": self.pre_steps, "repeats": self.repeats},
            clock=Clock(pre_steps=self.pre_steps, layer_by_layer=True),
        )
