"""Radix encoding: the digits of an activation as spikes, most significant first.

Z. Wang, X. Gu, R. S. M. Goh, J. T. Zhou, T. Luo, "Efficient Spiking Neural Networks
with Radix Encoding", IEEE TNNLS 35(3), 2024, arXiv 2105.06943.

    q = clip(round(a (r^T - 1) / a_max), 0, r^T - 1) = sum s(t) r^(T - t)
    V <- r V + sum w s(t)        t = 1..T: one shift of the potential in each step

The body of the paper was not to be had; this follows from positional notation. The
layer is exactly a quantised ReLU of r^T levels (:mod:`tfsnn.network.neurons.radix`). A
layer needs all digits of its input before it can send its first: T steps for each
layer. Departs from the paper, which trains the ANN with quantised activations, in
choosing the ranges by least square error instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import RadixBase, Spikes
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.neurons.radix import check_places


@method("radix")
@dataclass(frozen=True)
class RadixEncoding(InitialPotential, Corrected):
    """Spikes weighted by their step: T digits to a base code each activation."""

    alphabet = Spikes(RadixBase("base"))

    timesteps: int = option(4, "T, digits; ten at most", low=1, high=10)
    base: int = option(2, "r, the radix; r^T must not exceed 2^24", low=2)

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan neurons that send the digits of their activation.

        Raises:
            OptionError: for more than 2^24 levels.
        """
        check_places(self.base, self.timesteps)
        return super().plan(graph, statistics)

    @property
    def resolution(self) -> int:
        """The largest number of T digits."""
        return self.base**self.timesteps - 1

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan: those that send digits."""
        settings = {"base": self.base}
        return {**super().neurons, "neuron": "radix", "settings": settings}

    @property
    def clock(self) -> Clock:
        """The clock, by which a step weighs as much as its digit."""
        return Clock(base=self.base, layer_by_layer=True)
