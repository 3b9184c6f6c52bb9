"""Data-based normalisation: binary spikes, thresholds from activations.

P. U. Diehl et al., "Fast-classifying, high-accuracy spiking deep networks through
weight and threshold balancing", IJCNN 2015; the percentile is from B. Rueckauer et al.,
"Conversion of continuous-valued deep networks to efficient event-driven networks for
image classification", Frontiers in Neuroscience 11:682, 2017.

    theta = max or percentile of the activation over the calibration data
    V(0) = 0;  s(t) = 1 if V >= theta;  V <- V - theta * s(t)

Departs from the papers in: normalising per channel is offered beside per layer, and so
is the mean-square rule of later work.
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


@method("data_norm")
@dataclass(frozen=True)
class DataNorm(InitialPotential, Corrected):
    """Binary spikes, thresholds from activations: the classic baseline."""

    alphabet = Spikes()

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    scale: str = option("percentile", "rule for the thresholds", RULES)
    per: str = option("layer", "one threshold for each of these", GRANULARITY)
    initial_potential: float = option(0.0, "V(0), in thresholds")
