"""The work that one sample costs, layer by layer: what every energy model reads.

A layer is a node of the network that computes: weights, a population of neurons, or a
function of analog values. Work that spikes cause is counted at the layer where they
arrive. Under one reading of spikes a coefficient c is c spikes, under the other it is
one spike: a record holds one of the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

CONVOLUTION, DENSE, OTHER = KINDS = ("convolution", "dense", "other")


@dataclass(frozen=True)
class LayerCounts:
    """One layer, and its work for one sample.

    Attributes:
        name: the name of its node.
        kind: "convolution" (of any form), "dense", or "other": no weights, as neurons,
            skips that reach them, pooling and functions.
        inputs, outputs: values that it reads and writes in one evaluation.
        weights, biases: numbers of them that are stored.
        window, strides: those of a convolution; empty otherwise.
        filters: output channels.
        channels: output channels that one input value reaches: those of its group.
        macs: multiply-accumulates (MACs) of one evaluation, as the ANN's cost has them.
        driven: whether spikes drive it, so that it computes only where one arrives.
        constant: whether its input does not change, so that it is computed once.
        neurons: number of its spiking neurons.
        runs: how often its outputs are computed: in each step, or once.
        updates: updates of its neurons: one for each neuron and tick of the clock.
        spikes_in: spikes that arrive at it.
        synops: synapses that these go through.
        spikes_out: spikes that its neurons send.
    """

    name: str
    kind: str = OTHER
    inputs: int = 0
    outputs: int = 0
    weights: int = 0
    biases: int = 0
    window: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    filters: int = 0
    channels: int = 0
    macs: int = 0
    driven: bool = False
    constant: bool = False
    neurons: int = 0
    runs: float = 0
    updates: float = 0
    spikes_in: float = 0
    synops: float = 0
    spikes_out: float = 0

    @property
    def analog_macs(self) -> float:
        """MACs on analog values, in all evaluations; none where spikes drive it."""
        return 0.0 if self.driven else self.runs * self.macs


@dataclass(frozen=True)
class Counts:
    """The work of one sample, in the spiking network and in the ANN.

    Attributes:
        ann_macs: MACs of the ANN, in all its passes.
        analog_macs: MACs of the spiking network on analog values.
        synops: synapses that spikes go through.
        passes: forward passes of the ANN: the frames of a sequence, else 1.
        levels: the largest value that an activation can have, in units of a spike;
            infinite where there is no bound.
        multiplies: whether spikes carry any number, so that a synapse costs a MAC and
            not an accumulate (AC).
        layers: the layers; empty where an engine counts totals alone.
    """

    ann_macs: float
    analog_macs: float
    synops: float
    passes: int = 1
    levels: float = float("inf")
    multiplies: bool = False
    layers: tuple[LayerCounts, ...] = ()

    def scaled(self, factor: float) -> Counts:
        """Return the work if there were `factor` times as many spikes."""
        layers = tuple(
            replace(
                layer,
                spikes_in=factor * layer.spikes_in,
                synops=factor * layer.synops,
                spikes_out=factor * layer.spikes_out,
            )
            for layer in self.layers
        )
        return replace(self, synops=factor * self.synops, layers=layers)


class Edge(NamedTuple):
    """A layer that spikes of a node reach, and the columns that count how.

    Column 0 weighs each spike by 1, column 1 by its fan-out, others as counted.

    Attributes:
        sender, receiver: the names of the nodes.
        places: the column of the places at which a spike arrives there.
        synapses: the column of the synapses that it goes through there.
    """

    sender: str
    receiver: str
    places: int
    synapses: int


@dataclass(frozen=True)
class Structure:
    """The layers of a network, and what follows from its clock.

    Attributes:
        layers: the layers, without work that depends on spikes.
        edges: the layers that each node's spikes reach.
        steps: steps simulated until the end of each step that counts.
        levels: :attr:`Counts.levels` after each of these.
        columns: the number of counted columns, by sender.
        ticks: ticks of the clock in a step.
    """

    layers: tuple[LayerCounts, ...]
    edges: tuple[Edge, ...]
    steps: Sequence[int]
    levels: Sequence[float]
    columns: Mapping[str, int]
    ticks: int = 1

    def counted(
        self, step: int, sums: Mapping[str, np.ndarray], passes: int, events: bool
    ) -> tuple[LayerCounts, ...]:
        """Return the layers with their work until the end of a step.

        Args:
            step: the step, of which 1 is the first.
            sums: means over samples of the counted columns, ``(2 * columns)`` with
                spikes and coefficients in turn, by sender.
            passes: forward passes of the ANN.
            events: whether a spike counts as one, whatever it carries.
        """
        first, steps = int(not events), self.steps[step - 1]
        arrived = dict.fromkeys((layer.name for layer in self.layers), (0.0, 0.0))
        for edge in self.edges:
            values = sums[edge.sender][first::2]
            spikes, synops = arrived[edge.receiver]
            arrived[edge.receiver] = (
                spikes + float(values[edge.places]),
                synops + float(values[edge.synapses]),
            )
        return tuple(
            replace(
                layer,
                runs=passes if layer.constant else steps,
                updates=layer.neurons * steps * self.ticks,
                spikes_in=arrived[layer.name][0],
                synops=arrived[layer.name][1],
                spikes_out=float(sums[layer.name][first]) if layer.neurons else 0.0,
            )
            for layer in self.layers
        )
