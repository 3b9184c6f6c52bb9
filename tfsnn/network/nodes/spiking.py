"""Populations of spiking neurons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from tfsnn.network.clock import Clock
from tfsnn.network.neurons import KINDS, Population, populate
from tfsnn.network.node import Node, Shape, array
from tfsnn.network.signals import Advanced, Signal, fold
from tfsnn.surrogates import Surrogate


@dataclass(frozen=True, eq=False)
class Spiking(Node):
    """A population of spiking neurons, in place of an activation of the ANN.

    Thresholds and potentials are in the units of its input; in normal form the
    threshold is 1 (:mod:`tfsnn.conversion.normalize`).

    Attributes:
        scale: activation, in the ANN's units, that one spike per step stands for:
            ``(C,)`` or ``(*units)``.
        threshold: potential that one unit of a spike takes away.
        initial_potential: the potential before the first step.
        negative_threshold: the margin of negative spikes; None for unsigned ones.
        max_coefficient: the most that a spike carries; None for no bound.
        neuron: the kind of neuron, a name in :data:`tfsnn.network.neurons.KINDS`.
        settings: parameters of that kind alone, JSON.
    """

    spikes: ClassVar[bool] = True
    multiplies: ClassVar[bool] = False

    scale: Any = array(None)
    threshold: Any = array(1.0)
    initial_potential: Any = array(0.0)
    negative_threshold: Any = array(None)
    max_coefficient: Any = array(None)
    neuron: str = field(default="integrate_fire", kw_only=True)
    settings: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    @property
    def population(self) -> Population:
        """The population that the node's fields describe."""
        stated = {
            "threshold": self.threshold,
            "initial_potential": self.initial_potential,
            "negative_threshold": self.negative_threshold,
            "max_coefficient": self.max_coefficient,
        }
        return populate(self.neuron, stated, self.settings, self.name)

    @property
    def integers(self) -> bool:
        """Whether its spikes are integers, in normal form."""
        return KINDS[self.neuron].integers

    @property
    def rectifies(self) -> bool:
        """Whether its neurons send what a ReLU does, up to their bound."""
        return self.population.rectifies

    def without_gradients(self) -> Self:
        """Return the node with neurons that are not straight-through."""
        if not hasattr(self.population, "straight_through"):
            return self
        return self.replace(settings={**self.settings, "straight_through": False})

    @property
    def takes_surrogate(self) -> bool:
        """Whether spikes of its neurons may have the slopes of a surrogate."""
        return "surrogate" in KINDS[self.neuron].parameters()

    def with_surrogate(self, surrogate: Surrogate) -> Self:
        """Return the node with neurons whose spikes have these slopes."""
        return self.replace(settings={**self.settings, "surrogate": surrogate})

    def apply(self, x: Any) -> Any:
        """Refuse: neurons have no activation, only spikes.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            f"{self.name} is a population of spiking neurons: simulate its graph, or "
            "take the activation that it stands for from the graph of the ANN"
        )

    @property
    def needs_all_steps(self) -> bool:
        """Whether its neurons need all steps of the simulation at once."""
        return self.population.whole

    def initial_state(self, batch: Any, shapes: Sequence[Shape | None]) -> Any:
        """Return the state of its neurons before the first step."""
        return self.population.initial_state((batch, *self.shape))

    def advance(self, reads: Sequence[Signal], state: Any, clock: Clock) -> Advanced:
        """Send the spikes of its neurons."""
        sent, state = self.population.advance(reads[0].steps(), state)
        return Advanced(fold(sent.values), state, sent)

    def describe(self) -> str:
        """Name the neurons."""
        return "spiking neurons"

    def bound(self, reads: Sequence[float]) -> float:
        """Return the largest coefficient of a spike, where spikes are integers."""
        return self.population.largest_spike

    def operations(self, shapes: Sequence[Shape]) -> int:
        """Count its neurons."""
        return math.prod(self.shape)
