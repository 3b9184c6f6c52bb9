"""Plans: all that a conversion method decides, as data without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfsnn.network.clock import RATE_CLOCK, Clock
from tfsnn.network.neurons import populate


@dataclass(frozen=True)
class NeuronPlan:
    """The neurons that a method plans for one rate node.

    Attributes:
        scale: ``(C,)`` or ``(*units)``, activation that one spike per step stands for;
            the threshold.
        initial_potential: in thresholds, one number or ``(C,)`` or ``(*units)``.
        negative_threshold: in thresholds; None for unsigned spikes.
        max_coefficient: the most that a spike carries; None for no bound.
        neuron: its kind, a name in :data:`tfsnn.network.neurons.KINDS`.
        settings: of that kind, JSON.

    Raises:
        OptionError: for an unknown kind, or what its neurons do not honour.
    """

    scale: np.ndarray
    initial_potential: float | np.ndarray = 0.0
    negative_threshold: float | None = None
    max_coefficient: float | np.ndarray | None = 1.0
    neuron: str = "integrate_fire"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what means nothing for neurons of this kind."""
        stated = {
            "initial_potential": self.initial_potential,
            "negative_threshold": self.negative_threshold,
            "max_coefficient": self.max_coefficient,
        }
        populate(self.neuron, stated, self.settings)


@dataclass(frozen=True)
class Corrections:
    """What is corrected by simulation, and on how many samples at most.

    Attributes:
        weights, bias, potential: whether these are (:mod:`tfsnn.conversion.correct`).
        samples: calibration samples that the network is simulated on.
        seed: of the places that are drawn for the fits of weights.
    """

    weights: bool = False
    bias: bool = False
    potential: bool = False
    samples: int = 256
    seed: int = 0

    def __bool__(self) -> bool:
        """Whether anything is corrected."""
        return self.weights or self.bias or self.potential


class Plan(dict[str, NeuronPlan]):
    """The neurons of every rate node, by name, and how their time steps count.

    Attributes:
        clock: how the steps count.
        notes: what the report should warn of.
    """

    def __init__(
        self,
        neurons: Mapping[str, NeuronPlan],
        clock: Clock = RATE_CLOCK,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Take the neurons by node, and hold the clock and the notes beside them."""
        super().__init__(neurons)
        self.clock = clock
        self.notes = notes
