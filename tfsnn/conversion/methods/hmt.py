"""H-MT: integer spikes in closed form, thresholds optimal for Gaussian currents.

J. Zhang, T. Huang, T. Bu, T. Huang, Z. Yu, "Harmony multi-threshold neuron and
generalised threshold optimisation", AAAI 2026.

    x(t) = theta * clip(floor(V / theta), 0, 2^n - 1);  V <- V - x(t);  V(0) = theta / 2

with theta the smallest of n thresholds theta * 2^k, every one of which fires that fits.
While the sums of the input stay in range, V stays in [0, theta) and after T steps

    mean x = theta / T * clip(floor(z T / theta + 1/2), 0, (2^n - 1) T)

holds whatever the order of the input. `levels` is 2^n - 1. The range is that of least
mean square error for Gaussian currents with (2^n - 1) T levels
(:func:`tfsnn.methods.thresholds.gaussian_range`); which number of levels the paper used
at T > 1 is not stated in what was read of it.
"""

from dataclasses import dataclass

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import RULES, Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import LevelsOption, Spikes


@method("hmt")
@dataclass(frozen=True)
class HarmonyMultiThreshold(InitialPotential, Corrected):
    """Unsigned integer spikes; thresholds for Gaussian currents."""

    alphabet = Spikes(LevelsOption("levels"))

    timesteps: int = option(4, "time steps that the thresholds are chosen for", low=1)
    levels: int = option(15, "2^n - 1 with n thresholds", low=1)
    scale: str = option("gaussian", "rule for the thresholds", RULES)
