"""The settings of a training before conversion, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras

from tfsnn.errors import OptionError
from tfsnn.training.quantisation import Quantisation
from tfsnn.training.run import Fitted, Position
from tfsnn.training.scoring import Scores
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import (
    QUANTISED_EPOCHS,
    QUANTISED_LEARNING_RATE,
    QUANTISED_LEVELS,
    TUNING_BATCH_SIZE,
    TUNING_HOLDOUT,
)
from tfsnn_numpy.results import table
from tfsnn_numpy.tasks import Wanted


@dataclass(frozen=True)
class QuantisedSettings:
    """The settings of :func:`train_quantised`; the defaults need no tuning.

    Attributes:
        levels: L, the levels of each activation above 0.
        per_channel: whether each channel has a threshold of its own.
        epochs: passes over the training data.
        learning_rate: the largest rate of the schedule, of Adam.
        batch_size: samples of a step.
        augment: any of "flip" and "shift", for pictures that may be changed so.
        temperature, weight: of the teacher (:class:`tfsnn.training.Distillation`).
        holdout: the most training samples held out to judge by, where there is no
            validation data.
        seed: of all random choices.
        task: what the outputs answer, as for :func:`tfsnn.evaluate`.
        checkpoint: the file, ``.npz``, from which a run that was stopped continues;
            None for none.
        watch: called with a position (step, samples per second, time left) after
            each step.
    """

    levels: int = QUANTISED_LEVELS
    per_channel: bool = False
    epochs: int = QUANTISED_EPOCHS
    learning_rate: float = QUANTISED_LEARNING_RATE
    batch_size: int = TUNING_BATCH_SIZE
    augment: tuple[str, ...] = ()
    temperature: float = 2.0
    weight: float = 1.0
    holdout: int = TUNING_HOLDOUT
    seed: int = 0
    task: Wanted = None
    checkpoint: Path | None = None
    watch: Callable[[Position], None] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            OptionError: that names the value.
        """
        for name in ("levels", "epochs", "batch_size", "holdout"):
            check_count(name, getattr(self, name))
        if self.checkpoint is not None and self.checkpoint.suffix != ".npz":
            raise OptionError(f"checkpoint={self.checkpoint} does not end in .npz")

    def told(self) -> dict[str, Any]:
        """Return what the course of a run depends on, JSON."""
        names = ("levels", "per_channel", "learning_rate", "augment", "temperature")
        return {
            **{name: getattr(self, name) for name in names},
            "weight": self.weight,
            "task": repr(self.task),
        }


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
