"""IC-SNN: initial potentials from the ANN or the training set, and coding compensation.

Li, Shang, Shi, Gao, Zhang, "IC-SNN", Mathematics 11(1):58, 2023, doi
10.3390/math11010058. Only its abstract and outline were read, which name three
algorithms and do not give them: what follows is our reading. With binary spikes, and
V(T) the potential that is left after T steps::

    mean theta * s = mean I - (V(T) - V(0)) / T

so the error vanishes in the mean if V(0) is the mean of V(T).

1. From the trained ANN (`potential`): V(0) of each channel is the mean, over its active
   neurons, of r = z T - theta * clip(floor(z T / theta), 0, T), at most theta; or half
   a threshold, the mean of r where z is uniform.
2. From the training set (`correct`): by simulation, V(0) <- V(0) + T mean(a - mean
   theta * s) of each neuron (:mod:`tfsnn.conversion.correct`), on top of the first.
3. Coding compensation (`coding`): an input x in [0, 1] as T binary spikes is floor(x T)
   / T; "compensated" adds the part that is lost, d = x - floor(x T) / T, to the input
   of the first layer in each step. So the sum of its currents is exact.

With direct coding, the default, the input is a constant current: nothing is lost and
the compensation is void. Thresholds are those of least square error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import CORRECTED, Corrected, Thresholds
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.conversion.plan import NeuronPlan, Plan
from tfsnn.conversion.statistics import BINS, Statistics
from tfsnn.errors import CalibrationError, OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Coder
from tfsnn.network.passes.code_inputs import code_inputs

ROUNDING = 1e-6  # by which an input may leave [0, 1]


@method("ic_snn")
@dataclass(frozen=True)
class ICSNN(Thresholds, Corrected):
    """Binary spikes; initial potentials that make up for what is left at the end."""

    alphabet = Spikes()

    timesteps: int = option(32, "time steps that all is chosen for", low=1)
    potential: str = option(
        "ann",
        "V(0) before corrections: mean residual in the ANN, half a threshold, none",
        ("ann", "half", "none"),
    )
    correct: str = option("potential", "what is corrected, layer by layer", CORRECTED)
    coding: str = option(
        "direct",
        "inputs: currents, spikes, spikes with what they lose",
        ("direct", "rate", "compensated"),
    )

    def prepare(self, graph: Graph) -> Graph:
        """Put coders behind the inputs, unless coding is direct."""
        return graph if self.coding == "direct" else code_inputs(graph, self._coder)

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan thresholds by the rule, and initial potentials for what is left at T.

        Raises:
            CalibrationError: for inputs outside of [0, 1], unless coding is direct.
            OptionError: for a threshold of each neuron with potential=ann.
        """
        if self.per == "neuron" and self.potential == "ann":
            raise OptionError(
                "per=neuron goes with potential=half or none, not with potential=ann: "
                "residuals are known of channels only"
            )
        coders = {node.name: node for node in graph.of_kind(Coder)}
        for node in coders.values():
            self._refuse_other_ranges(node, statistics[node.name])
        plan = super().plan(graph, statistics)
        for name, neurons in plan.items():
            if name in coders:
                ones = np.ones(coders[name].shape[-1])
                plan[name] = NeuronPlan(ones, neuron=self._coder)
            elif self.potential == "ann":
                residual = mean_residual(
                    statistics[name], neurons.scale, self.timesteps
                )
                plan[name] = replace(neurons, initial_potential=residual)
        return plan

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan: its initial potential."""
        return {"initial_potential": 0.0 if self.potential == "none" else 0.5}

    @property
    def _coder(self) -> str:
        return f"{self.coding}_coder"

    def _refuse_other_ranges(self, node: Coder, statistics: Statistics) -> None:
        low = float(statistics.current_minimum.min())
        high = float(statistics.maximum.max())
        if low < -ROUNDING or high > 1 + ROUNDING:
            raise CalibrationError(
                f"the input {node.layer} ranges from {low:g} to {high:g} in the "
                f"calibration samples, and coding={self.coding} can send [0, 1] only: "
                "scale it to that, with a Rescaling in the model that undoes it, or "
                "use coding=direct"
            )


def mean_residual(statistics: Statistics, scale: np.ndarray, steps: int) -> np.ndarray:
    """Return what is left of active neurons' currents after T steps, ``(C,)``.

    In thresholds, at most 1: the mean of u - clip(floor(u), 0, T) with u = z T / theta,
    where z is uniform within each bin of the histogram. Channels that were never active
    get 1/2.

    Args:
        statistics: statistics of the activations z.
        scale: thresholds theta, ``(C,)``.
        steps: T.
    """
    bin_size = np.where(statistics.dead, 1.0, statistics.width * steps / scale)
    edges = bin_size[:, None] * np.arange(1, BINS + 1)  # bin 0 holds the zeros
    means = np.diff(_residual_integral(edges, steps)) / bin_size[:, None]
    active = statistics.histogram[:, 1:]
    count = active.sum(1)
    residual = (active * means).sum(1) / np.maximum(count, 1)
    return np.where(count > 0, np.minimum(residual, 1.0), 0.5)


def _residual_integral(u: Any, steps: int) -> Any:
    """Return the integral of u - clip(floor(u), 0, T) from 0."""
    whole = np.clip(np.floor(u), 0, steps)
    return whole / 2 + (u - whole) ** 2 / 2
