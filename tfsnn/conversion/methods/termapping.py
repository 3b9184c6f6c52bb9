"""TerMapping: threshold balancing and a double threshold, spikes -1, 0 and 1.

Q. Yu, C. Ma, S. Song, G. Zhang, J. Dang, K. C. Tan, "Constructing Accurate and
Efficient Deep Spiking Neural Networks with Double-threshold and Augmented Schemes",
IEEE TNNLS 33(4):1714-1726, 2022, arXiv 2005.03231.

    s(t) = 1 if U >= theta;  -1 if U < -theta_n and something has been sent;  else 0
    V <- U - theta * s(t)

The paper's equations and constants were not to be had, only its abstract; this is the
reading consistent with it. The defaults are the best of those measured on the three
shipped networks (``benchmarks.accuracy.options``): V(0) = theta / 2 matters most
(without it, the ResNet loses 40 points instead of 1 at T=16), then theta_n = 0, which
makes firing a rounding; thresholds of least mean square error per channel beat
percentiles and maxima below T=32.
"""

from dataclasses import dataclass

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import CORRECTED, Corrected, NegativeThreshold
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes


@method("termapping")
@dataclass(frozen=True)
class TerMapping(NegativeThreshold, Corrected):
    """Spikes of -1, 0 and 1: a negative spike takes back what was sent too much."""

    alphabet = Spikes(signed=True)

    timesteps: int = option(32, "time steps that the thresholds are chosen for", low=1)
    correct: str = option(
        "weights+bias", "what is corrected, layer by layer", CORRECTED
    )
