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
        scale: the threshold, ``(C,)`` or ``(*units)``: the activation that one spike
            per step stands for.
        initial_potential: V(0) in thresholds, one number, ``(C,)`` or ``(*units)``.
        negative_threshold: the margin, in thresholds; None for unsigned spikes.
        max_coefficient: the most that a spike carries; None for no bound.
        neuron: the kind of neuron, a name in :data:`tfsnn.network.neurons.KINDS`.
        settings: parameters of that kind alone, JSON.
        exact: whether they compute the activation of the ANN itself. They then read
            currents in the ANN's units, and what they send is brought to these right
            behind them, so that weights stay as they are and sums round alike.

    Raises:
        OptionError: for an unknown kind, or what its neurons do not honour.
    """

    scale: np.ndarray
    initial_potential: float | np.ndarray = 0.0
    negative_threshold: float | None = None
    max_coefficient: float | np.ndarray | None = 1.0
    neuron: str = "integrate_fire"
    settings: Mapping[str, Any] = field(default_factory=dict)
    exact: bool = False

    def __post_init__(self) -> None:
        """Refuse parameters that neurons of this kind do not honour."""
        stated = {
            "initial_potential": self.initial_potential,
            "negative_threshold": self.negative_threshold,
            "max_coefficient": self.max_coefficient,
        }
        populate(self.neuron, stated, self.settings)


@dataclass(frozen=True)
class Corrections:
    """The corrections by simulation, and on how many samples at most.

    Attributes:
        weights, bias, potential: what to correct (:mod:`tfsnn.conversion.correct`).
        samples: calibration samples that the network is simulated on.
        seed: the seed of the places that are drawn for the fits of weights.
    """

    weights: bool = False
    bias: bool = False
    potential: bool = False
    samples: int = 256
    seed: int = 0

    def __bool__(self) -> bool:
        """Return whether anything is corrected."""
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

    @property
    def exact(self) -> bool:
        """Whether all neurons, of which there are some, compute the ANN's numbers."""
        return bool(self) and all(neurons.exact for neurons in self.values())
