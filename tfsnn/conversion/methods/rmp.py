"""Residual membrane potential: soft reset, and thresholds below the maximum.

B. Han, G. Srinivasan, K. Roy, "RMP-SNN: Residual Membrane Potential Neuron for Enabling
Deeper High-Accuracy and Low-Latency Spiking Neural Network", CVPR 2020, arXiv
2003.01811.

    theta = scale * max activation;  V(0) = 0
    s(t) = 1 if V >= theta;  V <- V - theta * s(t)    what is left stays: no reset to 0

Departs from the paper in taking the maximum of the ANN's activations instead of that of
the currents in the simulated network, layer by layer. The factor is one of those that
it reports (0.6 to 0.9).
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


@method("rmp")
@dataclass(frozen=True)
class ResidualPotential(InitialPotential, Corrected):
    """Binary spikes, soft reset, thresholds somewhat below the maximum."""

    alphabet = Spikes()

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    scale: str = option("max", "rule for the thresholds", RULES)
    per: str = option("layer", "one threshold for each of these", GRANULARITY)
    threshold_scale: float = option(0.8, "all thresholds times this", low=1e-3)
    initial_potential: float = option(0.0, "V(0), in thresholds")
