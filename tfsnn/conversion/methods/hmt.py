"""H-MT: integer spikes in closed form, thresholds optimal for Gaussian currents.

J. Zhang, T. Huang, T. Bu, T. Huang, Z. Yu, "Harmony multi-threshold neuron and
generalised threshold optimisation", AAAI 2026.

    x(t) = theta * clip(floor(V / theta), 0, 2^n - 1);  V <- V - x(t);  V(0) = theta / 2

with theta the smallest of n thresholds theta * 2^k, every one of which fires that fits.
While the sums of the input stay in range, V stays in [0, theta) and after T steps

    mean x = theta / T * clip(floor(z T / theta + 1/2), 0, (2^n - 1) T)

holds whatever the order of the input. `levels` is 2^n - 1. The range is that of least
mean square error for Gaussian currents with (2^n - 1) T levels
(:func:`tfsnn.methods.thresholds.gaussian_range`); which number of levels the paper used
at T > 1 is not stated in what was read of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfsnn.conversion.methods.contract import method, option
from tfsnn.conversion.methods.options import RULES, Corrected, Thresholds
from tfsnn.conversion.methods.thresholds import plan_rates
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.graph import Graph


@method("hmt")
@dataclass(frozen=True)
class HarmonyMultiThreshold(Thresholds, Corrected):
    """Unsigned integer spikes; thresholds for Gaussian currents."""

    timesteps: int = option(4, "time steps that the thresholds are chosen for", low=1)
    levels: int = option(15, "2^n - 1 with n thresholds", low=1)
    scale: str = option("gaussian", "rule for the thresholds", RULES)
    initial_potential: float = option(0.5, "V(0), in thresholds")

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """See the module."""
        return plan_rates(
            graph,
            statistics,
            self,
            levels=self.levels,
            resolution=self.levels * self.timesteps,
            initial_potential=self.initial_potential,
        )
