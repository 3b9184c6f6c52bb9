"""The kinds of spiking neurons: pure functions of currents and a named state."""

from __future__ import annotations

from typing import Any

from tfsnn.network.neurons.differential import Differential
from tfsnn.network.neurons.encoders import CompensatedCoder, RateCoder
from tfsnn.network.neurons.few_spikes import FewSpikes
from tfsnn.network.neurons.integrate_fire import Driven, Neuron, State
from tfsnn.network.neurons.paced import Paced
from tfsnn.network.neurons.population import Population, Sent
from tfsnn.network.neurons.pre_run import OffsetCorrected, Silenced
from tfsnn.network.neurons.radix import Radix

KINDS: dict[str, Any] = {
    "integrate_fire": Neuron,
    "driven": Driven,
    "paced": Paced,
    "silenced": Silenced,
    "offset_corrected": OffsetCorrected,
    "radix": Radix,
    "differential": Differential,
    "few_spikes": FewSpikes,
    "rate_coder": RateCoder,
    "compensated_coder": CompensatedCoder,
}

# Those that stand behind an input, in place of no activation.
CODERS = ("rate_coder", "compensated_coder")

__all__ = [
    "CODERS",
    "KINDS",
    "CompensatedCoder",
    "Differential",
    "Driven",
    "FewSpikes",
    "Neuron",
    "OffsetCorrected",
    "Paced",
    "Population",
    "Radix",
    "RateCoder",
    "Sent",
    "Silenced",
    "State",
]
