"""Optimal initial potential: every neuron starts at half its threshold.

T. Bu, J. Ding, Z. Yu, T. Huang, "Optimized Potential Initialization for Low-latency
Spiking Neural Networks", AAAI 2022, arXiv 2202.01440.

    theta = max activation;  V(0) = theta / 2
    s(t) = 1 if V >= theta;  V <- V - theta * s(t)

For currents that are uniform over a threshold, V(0) = theta / 2 has the least expected
square error. Departs from the paper in that the ANN is not trained with clipped
activations (train it with ``ReLU(max_value)`` for that).
"""

from dataclasses import dataclass

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import (
    GRANULARITY,
    RULES,
    Corrected,
    InitialPotential,
)
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes


@method("opi")
@dataclass(frozen=True)
class OptimalPotential(InitialPotential, Corrected):
    """Binary spikes; the potential starts at half a threshold."""

    alphabet = Spikes()

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    scale: str = option("max", "rule for the thresholds", RULES)
    per: str = option("layer", "one threshold for each of these", GRANULARITY)
