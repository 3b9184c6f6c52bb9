"""The settings of a fine-tuning, and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.report import Tuned
from tfsnn.training.run import Fitted, LearningSettings
from tfsnn.training.scoring import Scores
from tfsnn.training.tunable import SURROGATE
from tfsnn_numpy.defaults import TUNING_EPOCHS
from tfsnn_numpy.results import table


@dataclass(frozen=True, kw_only=True)
class TuningSettings(LearningSettings):
    """The settings of :func:`tune`; the defaults need no tuning of their own.

    Attributes:
        epochs, learning_rate, batch_size, augment, temperature, weight, holdout, seed,
            task, checkpoint, watch: those of every training
            (:class:`tfsnn.training.LearningSettings`).
        gradient: "rates", "time" or "time_packed" (:func:`tfsnn.training.tunable`);
            None for "time" where neurons have slopes and T is at most 8, else "rates".
        surrogate: the slopes of spikes, where the gradient is one through time: a name
            in :data:`tfsnn.surrogates.SURROGATES`, or a config.
        budget: the share of the operations to be reached
            (:class:`tfsnn.training.OperationBudget`); None for no budget.
    """

    epochs: int = TUNING_EPOCHS
    gradient: str | None = None
    surrogate: str | Mapping[str, Any] = SURROGATE
    budget: float | None = None

    def told(self) -> dict[str, Any]:
        """Return what the course of a run depends on, JSON."""
        names = ("gradient", "surrogate", "budget")
        return {**super().told(), **{name: getattr(self, name) for name in names}}


@dataclass(frozen=True)
class Tuning:
    """The result of :func:`tune`.

    Attributes:
        snn: the tuned network; the one that was given, if the training found no better
            weights.
        samples, held_out: numbers of samples, trained on and judged by.
        loss: what was learnt: "labels", "teacher" or "labels and teacher".
        gradient: "rates", "time" or "time_packed".
        before, after: scores on the held-out samples after 1, 2, 4, ... steps.
        fitted: the course of the training.
        notes: what else there is to know.
    """

    snn: SpikingModel
    samples: int
    held_out: int
    loss: str
    gradient: str
    before: Scores
    after: Scores
    fitted: Fitted
    notes: tuple[str, ...] = ()

    @property
    def improved(self) -> bool:
        """Whether there are better weights than those of before."""
        return self.fitted.best > 0

    @property
    def entry(self) -> Tuned:
        """The entry of the network's report."""
        return Tuned(
            self.fitted.best,
            self.samples,
            self.loss,
            self.gradient,
            self.before.measures,
            self.before.value,
            self.after.value,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; "rows" has the first output's scores."""
        rows = zip(self.before.steps, self._values(), strict=True)
        return {
            "improved": self.improved,
            "samples": self.samples,
            "held_out": self.held_out,
            "loss": self.loss,
            "gradient": self.gradient,
            "metric": self.before.measures,
            "rows": [
                {"timesteps": t, "before": before, "after": after}
                for t, (before, after) in rows
            ],
            **asdict(self.fitted),
            "notes": list(self.notes),
        }

    def _values(self) -> list[tuple[float, float]]:
        return list(zip(self.before.values, self.after.values, strict=True))

    def __str__(self) -> str:
        done = self.fitted
        lines = [
            f"{done.steps} steps of {self.gradient}, {self.samples} samples an epoch, "
            f"by {self.loss}; {self.before.measures} on {self.held_out} held-out "
            "samples:"
        ]
        rows = [
            [str(t), f"{before:.4f}", f"{after:.4f}"]
            for t, (before, after) in zip(
                self.before.steps, self._values(), strict=True
            )
        ]
        lines += table(["T", "before", "after"], rows)
        if done.stopped:
            lines.append(f"stopped: {done.stopped}")
        if not self.improved:
            best = max(done.scores[1:], default=done.scores[0])
            lines.append(
                f"No better weights were found (the best epoch reached {best:.4f}): "
                "the network is as it was."
            )
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])
