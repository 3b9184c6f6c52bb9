"""Few-spikes neurons: any activation by K steps of thresholds, resets and outputs.

C. Stoeckl, W. Maass, "Optimized spiking neurons can classify images with high accuracy
through temporal coding with two spikes", Nature Machine Intelligence 3, 2021, arXiv
2002.00860 (read in the authors' code).

    z(t) = 1 if v > T(t);  out <- out + d(t) z(t);  v <- v - h(t) z(t)     t = 1..K

from v = x, the complete input. A ReLU has T(t) = h(t) = d(t) = alpha 2^-t, which is K
bits of it (:mod:`tfsnn.network.neurons.radix` with base 2); smooth activations such as
sigmoid, SiLU, GELU and softplus have fitted tables, so that they spike where other
methods need running sums (:mod:`tfsnn.network.neurons.few_spikes`). ELU, SELU and CELU
are a ReLU and a table for what lies below 0, GELU and SiLU one and a table for what is
taken from it. K is `timesteps`, for each layer: the error of a ReLU halves with each of
them. The options of thresholds are for ReLUs, and for other values that are sent as
digits.

What is left in a transformer is made of neurons and of products of two spike trains
(:mod:`tfsnn.network.passes.spike_everything`): softmax, normalisation, products of
signals. Values of either sign are sent as digits with a sign, in a range of each
channel, and exp(x), 1 / x and 1 / sqrt(x) have neurons that find their digits by
comparing (:mod:`tfsnn.network.neurons.successive`). So spikes drive every product.

Departs from the paper in that, in rounding a ReLU to the nearest level instead of down
(`initial_potential` = 0 gives the latter), in a range alpha of each channel, of least
square error, instead of one for the network, in tables fitted anew, and in that a
smooth activation without a bound has a table for small, one for larger inputs, of which
each layer takes that of the least error on the calibration data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.conversion.methods.thresholds import mean_square_scale
from tfsnn.conversion.plan import NeuronPlan, Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.neurons import few_spikes, successive
from tfsnn.network.nodes import Coder, SmoothRate
from tfsnn.network.passes.score_masks import score_masks
from tfsnn.network.passes.silence_padding import silence_padding
from tfsnn.network.passes.spike_everything import spike_everything
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
        smooth = spike_functions(score_masks(graph), self.spiking_functions)
        return silence_padding(spike_everything(smooth))

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan ReLUs as radix encoding to base 2, smooth activations by tables."""
        plan = super().plan(graph, statistics)
        for node in graph.of_kind(Coder):
            plan[node.name] = self._coder(node, plan[node.name], statistics[node.name])
        for node in graph.of_kind(SmoothRate):
            known = statistics[node.name]
            if node.op in successive.FUNCTIONS_OF_DIGITS:
                plan[node.name] = self._digits(node, known)
            else:
                plan[node.name] = self._table(node, known)
        return plan

    def _coder(self, node: Coder, plan: NeuronPlan, known: Statistics) -> NeuronPlan:
        """Plan the neurons of values of either sign, with a range for each or one."""
        if node.together:
            plan = replace(plan, scale=self._range(known))
        return replace(plan, settings={**plan.settings, "signed": node.both_signs})

    def _range(self, known: Statistics) -> np.ndarray:
        """Return the range of least square error of a layer, ``(1,)``."""
        return mean_square_scale(known.layer(), self.resolution, 1)

    def _digits(self, node: SmoothRate, known: Statistics) -> NeuronPlan:
        """Plan the neurons of a function whose digits are found by comparing."""
        largest = 1.0 if node.op == "exp" else float(self._range(known)[0])
        return NeuronPlan(
            np.full(node.shape[-1], largest),
            initial_potential=self.initial_potential,
            neuron="successive",
            settings={"function": node.op, "largest": largest},
        )

    def _table(self, node: SmoothRate, known: Statistics) -> NeuronPlan:
        high = best_interval(node.op, known, self.timesteps)
        return NeuronPlan(
            np.full(node.shape[-1], few_spikes.largest(node.op, high)),
            neuron="few_spikes",
            settings={"function": node.op, "high": high},
        )

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
