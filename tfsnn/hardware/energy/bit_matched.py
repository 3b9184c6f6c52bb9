"""Energy against an ANN of as many bits, weights fetched included, by Yan and others.

Z. Yan, Z. Bai, W.-F. Wong, "Reconsidering the energy efficiency of spiking neural
networks", arXiv 2409.08290; its constants were read at second hand, in spyx
(``honest_energy.py``). A network of T steps has T + 1 levels of activation, so it is
compared with an ANN whose activations have b bits for as many. 22 nm, in pJ::

    SNN    S * 0.05448                additions, of S synaptic operations
         + S * 8 * 20                 weights of 8 bits, fetched at 20 pJ a bit
         + U * 0.05448                comparisons, of U updates of neurons
         + U * 8 * 2 * 0.25           potentials of 8 bits, read and written on chip
         + spikes * 0.05448           subtractions of the reset
    ANN    M * (3.7 (b/32)^2 + 0.9 b/32)     MACs of b bits
         + M * w * 20                 weights of w bits
         + activations * b * 0.25
    b = ceil(log2(levels + 1))

20 pJ a bit is DRAM (1,300 pJ for 64 bits): where weights stay on the chip, both sides
take less, and the ratio tends to that of the other terms. In the paper w is b; a chip
that stores weights of 8 bits for both has w = 8. Both are given, as "bit-matched" and
"bit-matched-8bit".

`levels` is the largest value that an activation can have after T steps, in spikes: T
for binary or ternary spikes after a ReLU, 15 T for graded ones of 4 bits, 2^T - 1 for
digits, `ticks` for one spike on a clock. Where there is no bound, b is 8.

What the paper does not have is counted by the same rules: an operation on analog values
in the spiking network (its first layer, running sums) is a MAC of 8 bits, with a weight
fetched if it has one; so is one of a spike that carries any number. A skip fetches no
weight. A running sum reads and writes its state for each value that it sends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tfsnn.hardware.energy.constants import check_constants
from tfsnn_numpy.counts import Counts, LayerCounts
from tfsnn_numpy.energy import EnergyModel

UNBOUNDED_BITS = 8


def bits(levels: float) -> int:
    """Return the bits of an activation that has so many levels beside 0."""
    if math.isinf(levels):
        return UNBOUNDED_BITS
    return max(math.ceil(math.log2(levels + 1)), 1)


@dataclass(frozen=True)
class BitMatched(EnergyModel):
    """Weight fetches and states, against an ANN of as many bits (Yan et al. 2024).

    Attributes:
        addition_picojoules: of an addition, comparison or subtraction.
        weight_picojoules: of fetching a bit of a weight.
        state_picojoules: of reading or writing a bit of a state, on chip.
        snn_bits: bits of weights and potentials of the spiking network.
        ann_weight_bits: bits of the ANN's weights; None for those of its activations.
    """

    name: str = "bit-matched"
    addition_picojoules: float = 0.05448
    weight_picojoules: float = 20.0
    state_picojoules: float = 0.25
    snn_bits: int = 8
    ann_weight_bits: int | None = None
    source: str = "Yan, Bai, Wong, arXiv 2409.08290"

    def __post_init__(self) -> None:
        """Check that all constants are positive and finite.

        Raises:
            OptionError: if one is not.
        """
        check_constants(self)

    def of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of a layer of the spiking network."""
        width = self.snn_bits
        synop = mac(width) if counts.multiplies else self.addition_picojoules
        fetch = width * self.weight_picojoules if layer.weights else 0.0
        state = 2 * width * self.state_picojoules
        found = layer.synops * (synop + fetch)
        found += layer.analog_macs * (mac(width) + fetch)
        if layer.macs and not layer.weights:
            found += layer.runs * layer.outputs * state
        found += layer.updates * (self.addition_picojoules + state)
        return found + layer.spikes_out * self.addition_picojoules

    def ann_of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of a layer in one pass of the ANN."""
        width = bits(counts.levels)
        weight = width if self.ann_weight_bits is None else self.ann_weight_bits
        fetch = weight * self.weight_picojoules if layer.weights else 0.0
        function = layer.macs and not layer.weights
        activations = layer.neurons or (layer.outputs if function else 0)
        found = layer.macs * (mac(width) + fetch)
        return found + activations * width * self.state_picojoules


def mac(width: int) -> float:
    """Return picojoules of a multiplication and an addition of so many bits."""
    return 3.7 * (width / 32) ** 2 + 0.9 * width / 32


BOTH = (BitMatched(), BitMatched("bit-matched-8bit", ann_weight_bits=8))
