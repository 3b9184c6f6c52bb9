"""What was measured of an output over all samples, with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tfsnn.analysis.intervals import Interval, alone, normal, ratio, wilson
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.tasks import Figures, Task


class Sample(NamedTuple):
    """A sample, and what is shown of one output for it.

    Attributes:
        number: its place in the data, counted from 0.
        x: the inputs, as a batch of one.
        label: the label as the task reads it, or None.
        ann, snn: what the networks say: decisions, or values where there are none.
        history: the SNN's decision after each of the steps, where a sample has one.
        difference: share of other decisions; 1 less the cosine for an embedding; for
            numbers the root mean square of the differences.
    """

    number: int
    x: Any
    label: Any
    ann: np.ndarray
    snn: np.ndarray
    history: tuple[int, ...]
    difference: float


@dataclass(frozen=True)
class OutputMeasured:
    """What was measured of an output, after each of some numbers of steps.

    Attributes:
        task: its task.
        judged: its figures over all samples.
        agreed: share of equal decisions, ``(rows, N)``; None without decisions.
        parts: what each sample adds to the score (:meth:`Task.of_each`),
            ``(rows, 2, N)``; None where that is not known.
        ann_parts: the same of the ANN, ``(2, N)``.
        differing: the samples that differ most after the last step; of those that
            differ alike the first.
        different: number of samples that differ at all.
        drawn: outputs of the ANN and the SNN for the first samples, ``(n, units)``
            each, where units are numbers of their own; else None.
        samples: the number of samples N.
    """

    task: Task
    judged: Judged
    agreed: np.ndarray | None
    parts: np.ndarray | None
    ann_parts: np.ndarray | None
    differing: tuple[Sample, ...]
    different: int
    drawn: tuple[np.ndarray, np.ndarray] | None
    samples: int

    @property
    def ann_score(self) -> Interval | None:
        """The score of the original network; None without labels."""
        return self._score(self.judged.ann, self.ann_parts)

    def figures(self, row: int) -> Figures:
        """Return all figures of a row."""
        return self.judged.figures[row]

    def score(self, row: int) -> Interval | None:
        """Return the score; None without labels."""
        parts = None if self.parts is None else self.parts[row]
        return self._score(self.figures(row), parts)

    def agreement(self, row: int) -> Interval | None:
        """Return the share of the ANN's decisions; None for a task without any."""
        share = self.figures(row).agreement
        if share is None or self.agreed is None:
            return None
        if self.task.kept:
            return self._of_kept(share)
        found = ratio(self.agreed[row], np.ones(self.samples))
        return _within(found._replace(value=share))

    def error(self, row: int) -> Interval | None:
        """Return the error of outputs over their deviation; None where that is 0."""
        found = self.figures(row)
        if found.output_error is None:
            return None
        return normal(found.output_error, found.error_deviation or 0.0)

    def _score(
        self, figures: Figures | None, parts: np.ndarray | None
    ) -> Interval | None:
        if figures is None or figures.score is None:
            return None
        if self.task.kept:
            return self._of_kept(figures.score)
        if parts is None:
            return alone(figures.score)
        found = ratio(*parts)._replace(value=figures.score)
        return _within(found) if self.task.unit == "%" else found

    def _of_kept(self, share: float) -> Interval:
        """Return a share of the samples that the task has kept side by side."""
        kept = min(self.task.kept, self.samples)
        return wilson(round(share * kept), kept)


def _within(share: Interval) -> Interval:
    return share._replace(low=max(share.low, 0.0), high=min(share.high, 1.0))
