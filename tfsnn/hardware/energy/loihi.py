"""Energy of events on a neuromorphic chip: Loihi.

M. Davies and others, "Loihi: a neuromorphic manycore processor with on-chip learning",
IEEE Micro 38(1), 2018, through the architecture file ``loihi.yaml`` of SANA-FE, which
has the energy of a synaptic event by how synapses are stored, in pJ (14 nm)::

    synaptic event   convolution 24.0, sparse 33.6, dense 35.5
    neuron, a step   access 51.2, update 21.6
    spike sent       69.3

Memory is in these figures, for it is what such a chip is made of. Hops between cores
(3.0 to 4.2 pJ each) depend on where layers are placed, and are left out.

No ANN runs on the chip. Its side of the ratio is the same network sent once, with
nothing sparse: an event for each MAC, an update and a spike for each neuron. So the
ratio says what spikes save on that chip, and nothing about a GPU.

An operation on analog values (first layer, running sums) counts as an event too, for
the chip has no other. A skip without weights is sparse. On a clock of ticks neurons are
updated in each. A spike with a coefficient is one event on Loihi 2, which sends graded
spikes: the ratio by events is its reading.
"""

from __future__ import annotations

from dataclasses import dataclass

from tfsnn.hardware.energy.constants import check_constants
from tfsnn_numpy.counts import CONVOLUTION, DENSE, Counts, LayerCounts
from tfsnn_numpy.energy import EnergyModel


@dataclass(frozen=True)
class Loihi(EnergyModel):
    """Events of a neuromorphic chip: at synapses, in neurons, and sent.

    Attributes:
        convolution_picojoules, sparse_picojoules, dense_picojoules: of a synaptic
            event, by how synapses are stored.
        neuron_picojoules: of a neuron in a step: access and update.
        spike_picojoules: of a spike that is sent.
    """

    name: str = "loihi"
    convolution_picojoules: float = 24.0
    sparse_picojoules: float = 33.6
    dense_picojoules: float = 35.5
    neuron_picojoules: float = 51.2 + 21.6
    spike_picojoules: float = 69.3
    source: str = "Davies et al., IEEE Micro 2018, by loihi.yaml of SANA-FE"

    def __post_init__(self) -> None:
        """Check that all constants are positive and finite.

        Raises:
            OptionError: if one is not.
        """
        check_constants(self)

    def of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of a layer of the spiking network."""
        events = layer.synops + layer.analog_macs
        found = events * self._event(layer) + layer.updates * self.neuron_picojoules
        return found + layer.spikes_out * self.spike_picojoules

    def ann_of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of a layer in which everything is sent once."""
        neuron = self.neuron_picojoules + self.spike_picojoules
        return layer.macs * self._event(layer) + layer.neurons * neuron

    def _event(self, layer: LayerCounts) -> float:
        kinds = {
            CONVOLUTION: self.convolution_picojoules,
            DENSE: self.dense_picojoules,
        }
        return kinds.get(layer.kind, self.sparse_picojoules)
