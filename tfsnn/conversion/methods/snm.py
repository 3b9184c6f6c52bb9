"""SNM and NeuronNorm: signed spikes with a memory, a threshold for each neuron.

Y. Wang, M. Zhang, Y. Chen, H. Qu, "Signed Neuron with Memory: Towards Simple, Accurate
and High-Efficient ANN-SNN Conversion", IJCAI 2022 (read in the authors' code).

    theta = max activation of that neuron;  V(0) = 0;  M the sum of what was sent
    s(t) = 1 if V >= theta;  -1 if V < -theta and M > 0;  V <- V - theta * s(t)

Departs from the paper in the output layer, which does not spike here, in ``<`` for
``<=``, and in giving neurons that never activated the median threshold of the others.
"""

from dataclasses import dataclass

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import (
    GRANULARITY,
    RULES,
    Corrected,
    NegativeThreshold,
)
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes


@method("snm")
@dataclass(frozen=True)
class SignedMemory(NegativeThreshold, Corrected):
    """Spikes of -1, 0 and 1; a threshold for each neuron."""

    alphabet = Spikes(signed=True)

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    scale: str = option("max", "rule for the thresholds", RULES)
    per: str = option("neuron", "one threshold for each of these", GRANULARITY)
    negative_threshold: float = option(1.0, "theta_n, a size, in thresholds", low=0)
    initial_potential: float = option(0.0, "V(0), in thresholds")
