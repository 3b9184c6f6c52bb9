"""AugMapping: TerMapping with spikes that carry an integer coefficient.

Q. Yu, C. Ma, S. Song, G. Zhang, J. Dang, K. C. Tan, "Constructing Accurate and
Efficient Deep Spiking Neural Networks with Double-threshold and Augmented Schemes",
IEEE TNNLS 33(4):1714-1726, 2022, arXiv 2005.03231.

    c(t) = min(floor(U / theta), C) if U >= theta; max(floor((U + theta_n) / theta), -C,
    -sum of c so far) if U < -theta_n; else 0;    V <- U - theta * c(t)

The paper's equations and constants were not to be had, only its abstract; this is the
reading consistent with it. It names no bound of the coefficient: `levels` is one (C),
as in H-MT (Zhang et al., AAAI 2026), and None takes it away. The defaults are the best
of those measured on the three shipped networks (``benchmarks.accuracy.options``);
V(0) = theta / 2 matters most, while theta_n and the threshold rule make little
difference from T=2 on. With 15 levels the loss is below 0.1 points at T=2; 7 levels
need T=4, 3 levels more than that.
"""

from dataclasses import dataclass

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import CORRECTED, Corrected, NegativeThreshold
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import LevelsOption, Spikes


@method("augmapping")
@dataclass(frozen=True)
class AugMapping(NegativeThreshold, Corrected):
    """Signed spikes with an integer coefficient: the ANN's accuracy in a few steps."""

    alphabet = Spikes(LevelsOption("levels"), signed=True)

    timesteps: int = option(4, "time steps that the thresholds are chosen for", low=1)
    levels: int | None = option(
        15, "spike units one step can carry; none: unbounded", low=1
    )
    correct: str = option(
        "weights+bias", "what is corrected, layer by layer", CORRECTED
    )
