"""Energy with memory and addressing, by Lemaire and others.

E. Lemaire, L. Cordone, A. Castagnetti, P.-E. Novac, J. Courtois, B. Miramond, "An
Analytical Estimation of Spiking Neural Networks Energy Efficiency", ICONIP 2022, arXiv
2210.13107; read in SpikingJelly 2.0 (``op_counter/analytical_energy.py``), which states
how it reads what the paper leaves open. 45 nm, integers of 32 bits::

    E = E_ops + E_addressing + E_memory,  additions 0.1 pJ, multiplications 3.1 pJ

Each layer has memories of its own, for weights, potentials, inputs and outputs. An
access to 4 bytes of one of C bytes costs more the larger it is: linear between (0 B, 0
pJ), (8 KiB, 10 pJ), (32 KiB, 20 pJ) and (1 MiB, 100 pJ), and constant above.

Weights that spikes drive, for s spikes that arrive in all steps, k the sizes of the
window and d its strides, C the output channels that a channel reaches, N outputs::

                     convolution              dense
    additions        s C prod ceil(k / d)     s C
    addressing       s C prod k additions,    s C additions
                     2 s MACs
    weights read     s C prod k               s C
    potentials       as many read, as many written, in a memory of N words
    inputs           s words read of a queue of 1,000
    biases           N additions and N words read, in each step

Neurons read and write their potential in each step (each tick of a clock), and a spike
costs an addition, for the reset, and a word written into a queue of 1,000.

Weights on analog values (the ANN; the first layer; weights behind weights) cost, in
each evaluation, their MACs, a weight read for each, N words written, and::

    inputs           a word read for each MAC (convolution), or each input once (dense)
    addressing       as many additions as inputs, outputs and, of a convolution, filter
                     taps (output channels times window)

What the paper does not have is counted by the same rules: a skip without weights costs
a spike an addition, an address and its potential, read and written; a function of
analog values its operations, inputs read and outputs written. MACs are counted without
the zeros of a padding (:mod:`tfsnn.network.operations`); the paper's own formula for
spikes, with ceil(k / d), counts them. A spike that carries any number costs a MAC
where others cost an addition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tfsnn.hardware.energy.constants import check_constants
from tfsnn_numpy.counts import CONVOLUTION, Counts, LayerCounts
from tfsnn_numpy.energy import EnergyModel

WORD = 4  # bytes
KNOTS = (0, 8 * 2**10, 32 * 2**10, 2**20)  # bytes of a memory
ACCESS = (0.0, 10.0, 20.0, 100.0)  # picojoules of a word


def access(words: float) -> float:
    """Return picojoules of reading or writing a word of a memory of so many words."""
    return float(np.interp(WORD * words, KNOTS, ACCESS))


@dataclass(frozen=True)
class Lemaire(EnergyModel):
    """Operations, addressing and the memories of each layer (Lemaire et al. 2022).

    Attributes:
        addition_picojoules, multiplication_picojoules: of integers of 32 bits.
        queue: words of the queues of spikes.
    """

    name: str = "lemaire"
    addition_picojoules: float = 0.1
    multiplication_picojoules: float = 3.1
    queue: int = 1000
    source: str = "Lemaire et al., ICONIP 2022, arXiv 2210.13107"

    def __post_init__(self) -> None:
        """Check that all constants are positive and finite.

        Raises:
            OptionError: if one is not.
        """
        check_constants(self)

    @property
    def mac_picojoules(self) -> float:
        """The energy of a multiplication and an addition."""
        return self.addition_picojoules + self.multiplication_picojoules

    def of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of a layer of the spiking network."""
        found = self._neurons(layer)
        if layer.driven or not layer.macs:
            found += self._driven(layer, counts)
        else:
            found += layer.runs * self._analog(layer)
        return found

    def ann_of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of a layer in one pass of the ANN."""
        return self._analog(layer) if layer.macs else 0.0

    def _neurons(self, layer: LayerCounts) -> float:
        potentials = 2 * layer.updates * access(layer.neurons)
        spike = self.addition_picojoules + access(self.queue)
        return potentials + layer.spikes_out * spike

    def _driven(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of what arriving spikes cause, and of biases."""
        add, spikes = self.addition_picojoules, layer.spikes_in
        product = self.mac_picojoules if counts.multiplies else add
        if not layer.weights:
            reached = taps = layer.synops
        else:
            taps = spikes * layer.channels * math.prod(layer.window)
            steps = zip(layer.window, layer.strides, strict=True)
            reached = spikes * layer.channels * math.prod(-(-k // d) for k, d in steps)
        found = reached * product + taps * add
        if layer.kind == CONVOLUTION:
            found += 2 * spikes * self.mac_picojoules
        found += 2 * taps * access(layer.outputs) + spikes * access(self.queue)
        if layer.weights:
            found += taps * self._weight(layer)
        return found + layer.runs * self._biases(layer)

    def _analog(self, layer: LayerCounts) -> float:
        """Return picojoules of one evaluation on analog values."""
        addresses = layer.inputs + layer.outputs
        reads, found = layer.inputs, 0.0
        if layer.kind == CONVOLUTION:
            addresses += layer.filters * math.prod(layer.window)
            reads = layer.macs
        if layer.weights:
            found += layer.macs * self._weight(layer) + self._biases(layer)
            found += addresses * self.addition_picojoules
        found += layer.macs * self.mac_picojoules
        found += reads * access(layer.inputs)
        return found + layer.outputs * access(layer.outputs)

    def _weight(self, layer: LayerCounts) -> float:
        return access(layer.weights + layer.biases)

    def _biases(self, layer: LayerCounts) -> float:
        """Return picojoules of adding the biases to all outputs."""
        if not layer.biases:
            return 0.0
        return layer.outputs * (self.addition_picojoules + self._weight(layer))
