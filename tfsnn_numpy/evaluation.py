"""The result of an evaluation: rows against time, each output judged by its task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfsnn_numpy.energy import EnergyModel
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.results import Row, evaluation_text, scored_head


@dataclass(frozen=True)
class Evaluation:
    """How a spiking network does after some numbers of steps, and what that costs.

    Attributes:
        samples: number of samples evaluated.
        rows: one row for each number of steps, with the figures of the first output.
        outputs: each output, judged by its task after each of these steps.
        energy: what an operation was taken to cost.
        over_time: whether inputs changed, and a row is for the first so many frames:
            scores are those after its last frame, counts those of all of them.
    """

    samples: int
    rows: tuple[Row, ...]
    outputs: tuple[Judged, ...]
    energy: EnergyModel
    over_time: bool = False

    @property
    def task(self) -> str:
        """The name of the first output's task (:mod:`tfsnn_numpy.tasks`)."""
        return self.outputs[0].task

    @property
    def metric(self) -> str:
        """The name of that task's score."""
        return self.outputs[0].metric

    @property
    def ann_score(self) -> float | None:
        """The score of the original network; None without it or without labels."""
        return self.outputs[0].ann_score

    @property
    def ann_accuracy(self) -> float | None:
        """The accuracy of the original network; None if this is no classification."""
        return self.ann_score if self.task == "classification" else None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; "outputs" is there if there are several."""
        first, steps = self.outputs[0], [row.timesteps for row in self.rows]
        found = {"samples": self.samples, **scored_head(self.outputs)}
        found["rows"] = [row.to_dict(first.kind) for row in self.rows]
        found["energy"] = self.energy.to_dict()
        if self.over_time:
            found["over_time"] = True
        if len(self.outputs) > 1:
            found["outputs"] = [each.to_dict(steps) for each in self.outputs]
        return found

    def __str__(self) -> str:
        known = self.samples, self.outputs, self.rows, self.energy
        lines = evaluation_text(*known, "frames" if self.over_time else "timesteps")
        return "\n".join(lines)
