"""The settings of a training before conversion, and its result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras

from tfsnn.training.quantisation import Quantisation
from tfsnn.training.run import Fitted, LearningSettings
from tfsnn.training.scoring import Scores
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import (
    QUANTISED_EPOCHS,
    QUANTISED_LEARNING_RATE,
    QUANTISED_LEVELS,
)
from tfsnn_numpy.results import table


@dataclass(frozen=True, kw_only=True)
class QuantisedSettings(LearningSettings):
    """The settings of :func:`train_quantised`; the defaults need no tuning.

    Attributes:
        epochs, learning_rate, batch_size, augment, temperature, weight, holdout, seed,
            task, checkpoint, watch: those of every training
            (:class:`tfsnn.training.LearningSettings`).
        levels: L, the levels of each activation above 0.
        per_channel: whether each channel has a threshold of its own.
    """

    epochs: int = QUANTISED_EPOCHS
    learning_rate: float | None = QUANTISED_LEARNING_RATE
    levels: int = QUANTISED_LEVELS
    per_channel: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            OptionError: that names the value.
        """
        super().__post_init__()
        check_count("levels", self.levels)

    def told(self) -> dict[str, Any]:
        """Return what the course of a run depends on, JSON."""
        levels = {"levels": self.levels, "per_channel": self.per_channel}
        return {**super().told(), **levels}


@dataclass(frozen=True)
class QuantisedTraining:
    """The result of :func:`train_quantised`.

    Attributes:
        model: the quantised network with the best weights, a Keras model.
        levels: L.
        quantisation: its activations, those of L levels and the others.
        samples, held_out: numbers of samples, trained on and judged by.
        loss: what was learnt: "labels and teacher", or "teacher".
        ann, before, after: scores of the network that was given, of the quantised one
            before the training, and after it.
        fitted: the course of the training.
    """

    model: keras.Model
    levels: int
    quantisation: Quantisation
    samples: int
    held_out: int
    loss: str
    ann: Scores
    before: Scores
    after: Scores
    fitted: Fitted

    @property
    def improved(self) -> bool:
        """Whether there are better weights than those of before."""
        return self.fitted.best > 0

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "improved": self.improved,
            "levels": self.levels,
            "samples": self.samples,
            "held_out": self.held_out,
            "loss": self.loss,
            "metric": self.ann.measures,
            "ann": self.ann.value,
            "before": self.before.value,
            "after": self.after.value,
            **asdict(self.fitted),
            "quantisation": self.quantisation.to_dict(),
            "conversions": [list(way) for way in self.conversions()],
        }

    def conversions(self) -> list[tuple[str, int]]:
        """Return the methods, with their time steps, that L levels are made for."""
        ways = [("qcfs", self.levels), ("augmapping", 1)]
        digits = self.levels.bit_length()
        return [("radix", digits), *ways] if digits <= 10 else ways

    def __str__(self) -> str:
        """Return the activations, a table of before and after, and what comes next."""
        done = self.fitted
        rows = [
            [name, f"{scores.value:.4f}"]
            for name, scores in (
                ("the network given", self.ann),
                (f"{self.levels} levels, before", self.before),
                (f"{self.levels} levels, after", self.after),
            )
        ]
        lines = [
            str(self.quantisation),
            f"{done.steps} steps, {self.samples} samples an epoch, by {self.loss}; "
            f"judged on {self.held_out} held-out samples:",
            *table(["", self.ann.measures], rows),
        ]
        if done.stopped:
            lines.append(f"stopped: {done.stopped}")
        if not self.improved:
            best = max(done.scores[1:], default=done.scores[0])
            lines.append(
                f"No better weights were found (the best epoch reached {best:.4f}): "
                "they are those of before."
            )
        ways = " or ".join(
            f"--method {name} --timesteps {steps}"
            + (f" -o levels {self.levels}" if name == "augmapping" else "")
            for name, steps in self.conversions()
        )
        return "\n".join([*lines, f"convert with {ways}"])
