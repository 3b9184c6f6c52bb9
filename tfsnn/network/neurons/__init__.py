"""The kinds of spiking neurons: pure functions of currents and a named state.

Each import below registers the kinds of a file in :data:`KINDS`.
"""

from __future__ import annotations

from tfsnn.network.neurons.differential import Differential
from tfsnn.network.neurons.encoders import CompensatedCoder, RateCoder
from tfsnn.network.neurons.few_spikes import FewSpikes
from tfsnn.network.neurons.first_spike import FirstSpike, FirstSpikeUnclocked
from tfsnn.network.neurons.in_nir import Lost, Never, Written
from tfsnn.network.neurons.integrate_fire import Driven, Neuron
from tfsnn.network.neurons.leaky import Leaky
from tfsnn.network.neurons.paced import Paced
from tfsnn.network.neurons.population import (
    KINDS,
    Emission,
    Population,
    neuron_kind,
    populate,
)
from tfsnn.network.neurons.pre_run import OffsetCorrected, Silenced
from tfsnn.network.neurons.quantised import Quantised
from tfsnn.network.neurons.radix import Radix
from tfsnn.network.neurons.sigma_delta import SigmaDelta
from tfsnn.network.neurons.successive import Successive
from tfsnn.network.neurons.thresholded import State, Thresholded

__all__ = [
    "KINDS",
    "CompensatedCoder",
    "Differential",
    "Driven",
    "Emission",
    "FewSpikes",
    "FirstSpike",
    "FirstSpikeUnclocked",
    "Leaky",
    "Lost",
    "Neuron",
    "Never",
    "OffsetCorrected",
    "Paced",
    "Population",
    "Quantised",
    "Radix",
    "RateCoder",
    "SigmaDelta",
    "Silenced",
    "State",
    "Successive",
    "Thresholded",
    "Written",
    "neuron_kind",
    "populate",
]
