"""A plan: what a method decides, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfsnn.network.clock import RATE_CLOCK, Clock
from tfsnn.network.neurons import populate


@dataclass(frozen=True)
class NeuronPlan:
    """The neurons of one rate node.

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


class Plan(dict[str, NeuronPlan]):
    """The neurons of every rate node, by name, and how their steps count.

    Attributes:
        clock: how they count.
        notes: what the report should warn of.
    """

    def __init__(
        self,
        neurons: Mapping[str, NeuronPlan],
        clock: Clock = RATE_CLOCK,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Plans by node."""
        super().__init__(neurons)
        self.clock = clock
        self.notes = notes
