"""SNN calibration: thresholds of least square error, then corrections by simulation.

Y. Li, S. Deng, X. Dong, R. Gong, S. Gu, "A Free Lunch From ANN: Towards Efficient,
Accurate Spiking Neural Networks Calibration", ICML 2021, arXiv 2106.06984.

    theta minimises the mean of (theta / T * clip(round(a T / theta), 0, T) - a)^2
    V <- V + I(t) + theta / (2 T);  s(t) = 1 if V >= theta;  V <- V - theta * s(t)

and then layer by layer (:mod:`tfsnn.conversion.correct`): "light" is ``correct=bias``,
"advanced" is ``bias+potential``, or ``weights+bias+potential``. Departs from the paper
in the weights, fitted in closed form instead of by gradient descent, and in shrinking
the potentials to what the samples show to be more than noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfsnn.conversion.methods.contract import method, option
from tfsnn.conversion.methods.options import CORRECTED, Corrected, Thresholds
from tfsnn.conversion.methods.thresholds import plan_rates
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.graph import Graph


@method("snn_calibration")
@dataclass(frozen=True)
class SnnCalibration(Thresholds, Corrected):
    """Binary spikes; biases and initial potentials mended by simulation."""

    timesteps: int = option(16, "time steps that the thresholds are chosen for", low=1)
    correct: str = option(
        "bias+potential", "what is corrected, layer by layer", CORRECTED
    )

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """See the module."""
        return plan_rates(
            graph,
            statistics,
            self,
            resolution=self.timesteps,
            neuron="driven",
            settings={"drive": 0.5 / self.timesteps},
        )
