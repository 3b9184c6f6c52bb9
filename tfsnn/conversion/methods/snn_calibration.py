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

from dataclasses import dataclass

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import CORRECTED, Corrected, Driven
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes


@method("snn_calibration")
@dataclass(frozen=True)
class SnnCalibration(Driven, Corrected):
    """Binary spikes; biases and initial potentials mended by simulation."""

    alphabet = Spikes()

    timesteps: int = option(16, "time steps that the thresholds are chosen for", low=1)
    correct: str = option(
        "bias+potential", "what is corrected, layer by layer", CORRECTED
    )
