"""Groups of options that methods share: a method takes those that make sense for it.

Any rule for the thresholds goes with any alphabet, any initial potential and any
corrections: the groups are the base classes of the methods, which set their defaults.
"""

from __future__ import annotations

from dataclasses import dataclass

from tfsnn.methods.contract import option
from tfsnn.plan import Corrections

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
class Thresholds:
    """How the threshold of each channel follows from statistics."""

    scale: str = option("mse", "rule for the thresholds", RULES)
    percentile: float = option(
        99.9, "of the activations, for scale=percentile", low=1, high=100
    )
    threshold_scale: float = option(1.0, "all thresholds times this", low=1e-3)
    per: str = option("channel", "one threshold for each of these", GRANULARITY)


@dataclass(frozen=True)
class Corrected:
    """What is corrected by simulating the network on calibration samples."""

    correct: str = option("none", "what is corrected, layer by layer", CORRECTED)
    correct_samples: int = option(256, "samples that it is simulated on", low=2)

    @property
    def corrections(self) -> Corrections:
        """See :mod:`tfsnn.correct`."""
        chosen = self.correct.split("+")
        return Corrections(
            weights="weights" in chosen,
            bias="bias" in chosen,
            potential="potential" in chosen,
            samples=self.correct_samples,
        )
