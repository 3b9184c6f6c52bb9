"""COS: initial potentials are shifted, for each input, by the spikes that are amiss.

Z. Hao, J. Ding, T. Bu, T. Huang, Z. Yu, "Bridging the Gap between ANNs and SNNs by
Calibrating Offset Spikes", ICLR 2023, arXiv 2302.10685 (read in the authors' code).

    rho steps from V(0), of each neuron:
    V(rho) < 0 and it fired:  V(0) <- V(0) - max(1, m - 0.999)    m: least at a spike
    V(rho) >= theta:          V(0) <- V(0) + max(1, 1.001 - m)    m: most without one

in thresholds; then T steps from there. Layers are corrected in order, so the latency is
rho for each of them, and T. Departs from the paper in that the ANN need not be trained
with QCFS: thresholds are those of least square error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.network.clock import Clock


@method("cos")
@dataclass(frozen=True)
class OffsetSpikes(InitialPotential, Corrected):
    """Binary spikes; rho pre-steps shift each initial potential by whole spikes."""

    alphabet = Spikes()

    timesteps: int = option(8, "time steps that the thresholds are chosen for", low=1)
    pre_steps: int = option(4, "rho, steps before the T that count", low=1)
    repeats: int = option(1, "corrections one after the other", low=1, high=8)

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan: those with pre-steps of their own."""
        return {
            **super().neurons,
            "neuron": "offset_corrected",
            "settings": {"pre_steps": self.pre_steps, "repeats": self.repeats},
        }

    @property
    def clock(self) -> Clock:
        """The clock, with the pre-steps before the T steps that count."""
        return Clock(pre_steps=self.pre_steps, layer_by_layer=True)
