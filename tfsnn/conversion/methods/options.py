"""Groups of options that methods share: a method takes those that make sense for it.

Any rule for the thresholds goes with any alphabet, any initial potential and any
corrections: the groups are the base classes of the methods, which set their defaults.
The plan follows from them as well, so that a method that differs in defaults alone is
these defaults; others say more of their neurons or their clock, or plan themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfsnn.conversion.methods.contract import Method
from tfsnn.conversion.methods.fields import option
from tfsnn.conversion.methods.thresholds import plan_rates
from tfsnn.conversion.plan import Corrections, Plan
from tfsnn.conversion.statistics import Statistics
from tfsnn.network.clock import RATE_CLOCK, Clock
from tfsnn.network.graph import Graph

RULES = ("max", "percentile", "mse", "gaussian", "balance")
GRANULARITY = ("channel", "layer", "neuron")
CORRECTED = (
    "none",
    "bias",
    "potential",
    "weights",
    "bias+potential",
    "weights+bias",
    "weights+bias+potential",
)


@dataclass(frozen=True)
class Thresholds(Method):
    """Options for how the threshold of each channel follows from statistics."""

    scale: str = option("mse", "rule for the thresholds", RULES)
    percentile: float = option(
        99.9, "of the activations, for scale=percentile", low=1, high=100
    )
    threshold_scale: float = option(1.0, "all thresholds times this", low=1e-3)
    per: str = option("channel", "one threshold for each of these", GRANULARITY)

    def plan(self, graph: Graph, statistics: Mapping[str, Statistics]) -> Plan:
        """Plan every rate node by the rule, for T steps of spikes of the alphabet.

        Raises:
            OptionError: for a threshold of each neuron by a rule other than "max".
        """
        return plan_rates(
            graph,
            statistics,
            self,
            levels=self.alphabet.largest(self.values),
            resolution=self.resolution,
            clock=self.clock,
            **self.neurons,
        )

    @property
    def resolution(self) -> int:
        """The spikes, counted with their size, that T steps can carry."""
        return (self.alphabet.largest(self.values) or 1) * self.timesteps

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan beside its scale; the usual ones."""
        return {}

    @property
    def clock(self) -> Clock:
        """The clock, by which all time steps count alike."""
        return RATE_CLOCK


@dataclass(frozen=True)
class InitialPotential(Thresholds):
    """The option for V(0), the potential that all neurons start with."""

    initial_potential: float = option(0.5, "V(0), in thresholds")

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan, V(0) among them."""
        return {**super().neurons, "initial_potential": self.initial_potential}


@dataclass(frozen=True)
class NegativeThreshold(InitialPotential):
    """The options of neurons with signed spikes: V(0) and a negative threshold."""

    negative_threshold: float = option(0.0, "theta_n, a size, in thresholds", low=0)

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan, V(0) and theta_n among them."""
        return {**super().neurons, "negative_threshold": self.negative_threshold}


@dataclass(frozen=True)
class Driven(Thresholds):
    """Neurons driven by half a threshold, spread over the T steps; no option."""

    @property
    def neurons(self) -> dict[str, Any]:
        """The fields of every neuron plan: a current of theta / 2T drives it."""
        drive = {"drive": 0.5 / self.timesteps}
        return {**super().neurons, "neuron": "driven", "settings": drive}


@dataclass(frozen=True)
class Corrected(Method):
    """Options for what is corrected by simulation on calibration samples."""

    correct: str = option("none", "what is corrected, layer by layer", CORRECTED)
    correct_samples: int = option(256, "samples that it is simulated on", low=2)

    @property
    def corrections(self) -> Corrections:
        """The corrections by simulation (:mod:`tfsnn.conversion.correct`)."""
        chosen = self.correct.split("+")
        return Corrections(
            weights="weights" in chosen,
            bias="bias" in chosen,
            potential="potential" in chosen,
            samples=self.correct_samples,
        )
