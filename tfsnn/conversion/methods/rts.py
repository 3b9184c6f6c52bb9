"""Threshold and shift: half a threshold, spread over the steps.

S. Deng, S. Gu, "Optimal Conversion of Conventional Artificial Neural Networks to
Spiking Neural Networks", ICLR 2021, arXiv 2103.00476.

    theta = max activation;  V(0) = 0
    V <- V + I(t) + theta / (2 T);  s(t) = 1 if V >= theta;  V <- V - theta * s(t)

so that after T steps the count is rounded instead of floored. Departs from the paper in
the output layer, which does not spike here, and in that the ANN is not trained with
clipped activations (train it with ``ReLU(max_value)`` for that).
"""

from dataclasses import dataclass

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import GRANULARITY, RULES, Corrected, Driven
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes


@method("rts")
@dataclass(frozen=True)
class ThresholdShift(Driven, Corrected):
    """Binary spikes; a current of theta / 2T turns flooring into rounding."""

    alphabet = Spikes()

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    scale: str = option("max", "rule for the thresholds", RULES)
    per: str = option("layer", "one threshold for each of these", GRANULARITY)
