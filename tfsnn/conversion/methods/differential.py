"""Differential coding: spikes of signed powers of two that carry changes.

Z. Huang, W. Fang, T. Bu, P. Xue, Z. Hao, W. Liu, Y. Tang, Z. Yu, T. Huang,
"Differential Coding for Training-Free ANN-to-SNN Conversion", ICML 2025, arXiv
2503.00301 (read in the authors' code).

    s = +-theta 2^-k for the largest that fits;  E <- E + s / t

(:mod:`tfsnn.network.neurons.differential`). The largest threshold is the range of least
mean square error for Gaussian currents with 2^n - 1 levels. Departs from the paper in
the bias, which is added in each step here: what a synapse receives is the decoded
value, so that it needs no special place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import RULES, Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import PowersOfTwo, Spikes
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate


@method("differential")
@dataclass(frozen=True)
class DifferentialCoding(InitialPotential, Corrected):
    """One signed power of two in a step, which changes what the receiver holds."""

    alphabet = Spikes(PowersOfTwo("thresholds"), signed=True)

    timesteps: int = option(4, "time steps that the thresholds are chosen for", low=1)
    thresholds: int = option(4, "n, powers of two", low=1, high=12)
    scale: str = option("gaussian", "rule for the thresholds", RULES)
    initial_potential: float = option(0.0, "V(0), in thresholds")

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan neurons whose decoded values have no bound but that of a ReLU6."""
        plan = super().plan(graph, statistics)
        for node in graph.of_kind(Rate):
            of_node, bound = plan[node.name], node.max_value
            most = None if bound is None else bound / of_node.scale
            plan[node.name] = replace(of_node, max_coefficient=most)
        return plan

    @property
    def resolution(self) -> int:
        """The sum of all powers of two."""
        return 2**self.thresholds - 1

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan: signed powers of two."""
        return {
            **super().neurons,
            "negative_threshold": 0.0,
            "neuron": "differential",
            "settings": {"thresholds": self.thresholds},
        }
