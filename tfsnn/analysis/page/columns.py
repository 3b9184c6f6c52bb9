"""Gathers an output over all samples, batch by batch.

Kept are a few numbers for each sample, and a few samples whole, so that memory does not
grow with the size of an output.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.analysis.page.outputs import OutputMeasured, Sample
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.tasks import Task

SHOWN = 12  # samples that differ, of which all is kept
POINTS = 1000  # samples of a scatter of numbers
UNITS = 6  # of an output of numbers that are drawn


class OutputBatch(NamedTuple):
    """A batch, and what both networks make of it at one output.

    Attributes:
        first: the number of its first sample.
        x: the inputs ``(B, ...)``, or a dict of them.
        outputs: those of the SNN, ``(rows, B, ...)``.
        ann: those of the ANN, ``(B, ...)``.
        y: labels as the task reads them, or None.
    """

    first: int
    x: Any
    outputs: np.ndarray
    ann: np.ndarray
    y: np.ndarray | None

    def sample(self, task: Task, i: int) -> Sample:
        """Return the sample in place `i` of the batch."""
        one = slice(i, i + 1)
        ours, theirs = self.outputs[:, i], self.ann[one]
        said, expected, history = ours[-1], theirs[0], ()
        if task.decides and not task.kept:
            decisions, (expected,) = task.decide(ours), task.decide(theirs)
            said = decisions[-1]
            if decisions.ndim == 1:
                history = tuple(decisions.tolist())
        return Sample(
            number=self.first + i,
            x=tf.nest.map_structure(lambda values: values[one], self.x),
            label=None if self.y is None else self.y[i],
            ann=expected,
            snn=said,
            history=history,
            difference=float(difference(task, ours[-1:], theirs)[0]),
        )


def difference(task: Task, outputs: np.ndarray, ann: np.ndarray) -> np.ndarray:
    """Return how far each sample is from the ANN, ``(B,)``; 0 for no difference."""
    if task.decides:
        return 1 - task.agreed(outputs, ann)
    squares = (outputs.astype(np.float64) - ann) ** 2
    return np.sqrt(squares.reshape(len(squares), -1).mean(1))


class OutputColumns:
    """The columns of one output."""

    def __init__(self, task: Task) -> None:
        """Start with no samples."""
        self.task, self.samples, self._different = task, 0, 0
        self._agreed: list[np.ndarray] = []  # (rows, B)
        self._parts: list[np.ndarray] = []  # (rows, 2, B)
        self._ann_parts: list[np.ndarray] = []  # (2, B)
        self._differing: list[Sample] = []
        self._drawn: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, batch: OutputBatch) -> None:
        """Add the samples of a batch."""
        task = self.task
        if task.decides:
            agreed = [task.agreed(row, batch.ann) for row in batch.outputs]
            self._agreed.append(np.stack(agreed))
        if batch.y is not None and (found := task.of_each(batch.ann, batch.y)):
            rows = [task.of_each(row, batch.y) for row in batch.outputs]
            self._parts.append(np.stack([np.stack(row) for row in rows if row]))
            self._ann_parts.append(np.stack(found))
        if task.by_unit and self.samples < POINTS:
            room = POINTS - self.samples
            both = (batch.ann[:room], batch.outputs[-1][:room])
            ann, snn = (values.reshape(len(values), -1)[:, :UNITS] for values in both)
            self._drawn.append((ann, snn))
        self._add_differing(batch)
        self.samples += len(batch.ann)

    def _add_differing(self, batch: OutputBatch) -> None:
        """Keep the samples that differ most; of those that differ alike the first."""
        found = difference(self.task, batch.outputs[-1], batch.ann)
        self._different += int(np.count_nonzero(found > 0))
        least = 0.0
        if len(self._differing) == SHOWN:
            least = self._differing[-1].difference
        order = np.argsort(-found, kind="stable")[:SHOWN]
        self._differing += [
            batch.sample(self.task, int(i)) for i in order if found[i] > least
        ]
        self._differing.sort(key=lambda sample: -sample.difference)
        del self._differing[SHOWN:]

    def measured(self, judged: Judged) -> OutputMeasured:
        """Return what was measured of all samples, whose figures are given."""

        def joined(columns: list[np.ndarray]) -> np.ndarray | None:
            return np.concatenate(columns, -1) if columns else None

        drawn = None
        if self._drawn:
            ann, snn = (np.concatenate(each) for each in zip(*self._drawn, strict=True))
            drawn = (ann, snn)
        return OutputMeasured(
            self.task,
            judged,
            joined(self._agreed),
            joined(self._parts),
            joined(self._ann_parts),
            tuple(self._differing),
            self._different,
            drawn,
            self.samples,
        )
