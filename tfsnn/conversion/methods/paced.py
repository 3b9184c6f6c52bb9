"""Paced firing: each layer looks a step ahead, and weights are fitted to its spikes.

The method is ours; the neuron is in :mod:`tfsnn.network.neurons.paced`, corrections in
:mod:`tfsnn.conversion.correct`. A layer starts d steps after its input and paces its
spikes by the mean current it has seen, so that no spike is sent too early or too late:

    c(k) = clip(floor(U(k) k / min(T, k + d) + V(0) - E), .., C)     in thresholds

What is left is quantisation to T C + 1 levels, which weights and biases fitted to the
rounded activations make good in part. Latency is T + d steps for each spiking layer;
throughput and operations are those of T steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.options import CORRECTED, Corrected, InitialPotential
from tfsnn.conversion.methods.registry import method
from tfsnn.conversion.methods.spikes import LevelsOption, SignOption, Spikes
from tfsnn.network.clock import Clock


@method("paced")
@dataclass(frozen=True)
class Paced(InitialPotential, Corrected):
    """Any spikes; a step of look-ahead for each layer, weights fitted to them."""

    alphabet = Spikes(LevelsOption("levels"), SignOption("negative_threshold", 0.0))

    timesteps: int = option(8, "time steps that the thresholds are chosen for", low=1)
    levels: int = option(1, "spike units one step can carry", low=1)
    negative_threshold: float | None = option(
        None, "theta_n, in thresholds, of signed spikes; none: unsigned", low=0
    )
    lookahead: int = option(1, "d, steps that a layer starts after its input", low=0)
    delay: int = option(0, "steps at the start that outputs leave out", low=0)
    correct: str = option(
        "weights+bias", "what is corrected, layer by layer", CORRECTED
    )

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan: paced ones, if they look ahead."""
        found = {**super().neurons, "negative_threshold": self.negative_threshold}
        if self.lookahead:
            found |= {"neuron": "paced", "settings": {"lookahead": self.lookahead}}
        return found

    @property
    def clock(self) -> Clock:
        """The clock, by which each layer starts d steps after its input."""
        return Clock(lookahead=self.lookahead, delay=self.delay)
