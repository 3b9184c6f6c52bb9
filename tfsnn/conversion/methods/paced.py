"""Paced firing: each layer looks a step ahead, and all is mended by simulation.

Ours; the neuron is in :mod:`tfsnn.network.neurons.paced`, the corrections in
:mod:`tfsnn.conversion.correct`. A layer starts d steps after its input and paces its
spikes by the mean current it has seen, so that no spike is sent too early or too late:

    c(k) = clip(floor(U(k) k / min(T, k + d) + V(0) - E), .., C)     in thresholds

What is left is quantisation to T C + 1 levels, which weights and biases fitted to the
rounded activations make good in part. Latency is T + d steps for each spiking layer;
throughput and operations are those of T steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfsnn.conversion.methods.contract import method, option
from tfsnn.conversion.methods.options import CORRECTED, Corrected, Thresholds
from tfsnn.conversion.methods.thresholds import plan_rates
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph


@method("paced")
@dataclass(frozen=True)
class Paced(Thresholds, Corrected):
    """Any spikes; a step of look-ahead for each layer, weights fitted to them."""

    timesteps: int = option(8, "time steps that the thresholds are chosen for", low=1)
    levels: int = option(1, "spike units one step can carry", low=1)
    negative_threshold: float | None = option(
        None, "theta_n, in thresholds, of signed spikes; none: unsigned", low=0
    )
    lookahead: int = option(1, "d, steps that a layer starts after its input", low=0)
    delay: int = option(0, "steps at the start that outputs leave out", low=0)
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
            resolution=self.levels * self.timesteps,
            initial_potential=self.initial_potential,
            negative_threshold=self.negative_threshold,
            neuron="paced" if self.lookahead else "integrate_fire",
            settings={"lookahead": self.lookahead} if self.lookahead else {},
            clock=Clock(lookahead=self.lookahead, delay=self.delay),
        )
