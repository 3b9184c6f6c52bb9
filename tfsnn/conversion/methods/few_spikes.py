"""Few-spikes neurons: any activation by K steps of thresholds, resets and outputs.

C. Stoeckl, W. Maass, "Optimized spiking neurons can classify images with high accuracy
through temporal coding with two spikes", Nature Machine Intelligence 3, 2021, arXiv
2002.00860 (read in the authors' code).

    z(t) = 1 if v > T(t);  out <- out + d(t) z(t);  v <- v - h(t) z(t)     t = 1..K

from v = x, the complete input. A ReLU has T(t) = h(t) = d(t) = alpha 2^-t, which is K
bits of it (:mod:`tfsnn.network.neurons.radix` with base 2); smooth activations such as
sigmoid, SiLU, GELU and softplus have fitted tables, so that they spike where other
methods need running sums (:mod:`tfsnn.network.neurons.few_spikes`). ELU, SELU and CELU
are a ReLU and a table for what lies below 0. K is `timesteps`, for each layer: the
error of a ReLU halves with each of them. The options of thresholds are for ReLUs alone.

Departs from the paper in rounding a ReLU to the nearest level instead of down
(`initial_potential` = 0 gives the latter), in a range alpha of each channel, of least
square error, instead of one for the network, in tables fitted anew, and in that a
smooth activation without a bound has a table for small, one for larger inputs, of which
each layer takes that of the least error on the calibration data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.conversion.plan import NeuronPlan, Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.neurons import few_spikes
from tfsnn.network.nodes import SmoothRate
from tfsnn.network.passes.spike_functions import PARTS, spike_functions


@method("few_spikes")
@dataclass(frozen=True)
class FewSpikes(InitialPotential, Corrected):
    """Few spikes weighted by their step; smooth activations spike as well."""

    alphabet = Spikes()
    spiking_functions: ClassVar[tuple[str, ...]] = (*few_spikes.FUNCTION_NAMES, *PARTS)

    timesteps: int = option(16, "K, steps of each layer; 16 at most", low=1, high=16)
    initial_potential: float = option(0.5, "V(0) of ReLUs, in thresholds")

    def prepare(self, graph: Graph) -> Graph:
        """Put neurons in the place of smooth activations."""
        return spike_functions(graph, self.spiking_functions)

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan ReLUs as radix encoding to base 2, smooth activations by tables."""
        plan = super().plan(graph, statistics)
        for node in graph.of_kind(SmoothRate):
            high = best_interval(node.op, statistics[node.name], self.timesteps)
            largest = few_spikes.largest(node.op, high)
            plan[node.name] = NeuronPlan(
                np.full(node.shape[-1], largest),
                neuron="few_spikes",
                settings={"function": node.op, "high": high},
            )
        return plan

    @property
    def resolution(self) -> int:
        """The largest number of K bits."""
        return 2**self.timesteps - 1

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of the neuron plan of every ReLU: it sends bits."""
        return {**super().neurons, "neuron": "radix", "settings": {"base": 2}}

    @property
    def clock(self) -> Clock:
        """The clock, by which a step weighs twice as much as the next."""
        return Clock(base=2, layer_by_layer=True)


def best_interval(function: str, statistics: Statistics, steps: int) -> int:
    """Return the upper end of the interval of least mean square error.

    A wider one clips fewer activations, but its table is coarser.
    """
    sizes, weight = statistics.values, statistics.histogram

    def error(high: int) -> float:
        excess = np.maximum(sizes - few_spikes.largest(function, high), 0)
        clipping = float((weight * excess**2).sum() / weight.sum())
        return clipping + few_spikes.square_error(function, high, steps)

    return min(few_spikes.upper_ends(function), key=error)
