"""The kinds of spiking neurons: pure functions of currents and a named state."""

from __future__ import annotations

from typing import Any

from tfsnn.neurons.coder import CompensatedCoder, RateCoder
from tfsnn.neurons.contract import Population, Sent
from tfsnn.neurons.differential import Differential
from tfsnn.neurons.few_spikes import FewSpikes
from tfsnn.neurons.integrate_fire import Driven, Neuron, State
from tfsnn.neurons.paced import Paced
from tfsnn.neurons.pre_run import OffsetCorrected, Silenced
from tfsnn.neurons.radix import Radix

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
