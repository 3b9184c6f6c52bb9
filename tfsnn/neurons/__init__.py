"""The kinds of spiking neurons: pure functions of currents and a named state."""

from __future__ import annotations

from typing import Any

from tfsnn.neurons.contract import Population, Sent
from tfsnn.neurons.differential import Differential
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
}

__all__ = [
    "KINDS",
    "Differential",
    "Driven",
    "Neuron",
    "OffsetCorrected",
    "Paced",
    "Population",
    "Radix",
    "Sent",
    "Silenced",
    "State",
]
