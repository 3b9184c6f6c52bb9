"""SRP: neurons that a few pre-steps leave without residual potential are silenced.

Z. Hao, T. Bu, J. Ding, T. Huang, Z. Yu, "Reducing ANN-SNN Conversion Error through
Residual Membrane Potential", AAAI 2023, arXiv 2302.02091 (read in the authors' code).

    tau steps from V(0);  m = 1 if V(tau) > 1e-3 theta, else 0
    T steps from V(0) again:  s(t) = m if V >= theta, else 0;  V <- V - theta * s(t)

This removes the commonest error, that a neuron fires although its activation is 0. All
layers run together: tau + T steps of latency. Departs from the paper in that the ANN
need not be trained with QCFS: thresholds are those of least square error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import Spikes
from tfsnn.network.clock import Clock


@method("srp")
@dataclass(frozen=True)
class SilencedResidual(InitialPotential, Corrected):
    """Binary spikes; tau pre-steps find the neurons that are to be silent."""

    alphabet = Spikes()

    timesteps: int = option(8, "time steps that the thresholds are chosen for", low=1)
    pre_steps: int = option(4, "tau, steps before the T that count", low=1)

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan: those with pre-steps of their own."""
        return {
            **super().neurons,
            "neuron": "silenced",
            "settings": {"pre_steps": self.pre_steps},
        }

    @property
    def clock(self) -> Clock:
        """The clock, with the pre-steps before the T steps that count."""
        return Clock(pre_steps=self.pre_steps)
