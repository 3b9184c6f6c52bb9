"""Figures of one output over samples: added batch by batch, read at the end."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfsnn_numpy.tasks.contract import Sums, Task


@dataclass(frozen=True)
class Figures:
    """What is known of one output.

    Attributes:
        score: the task's score; None without labels.
        agreement: share of decisions that are the ANN's; None without the ANN, and for
            a task without decisions.
        output_error: root mean square difference from the ANN's outputs over their
            standard deviation; None without the ANN, and where its outputs do not vary.
        scores: all figures of the task, by name.
        error_deviation: standard error of `output_error`, None as that.
    """

    score: float | None = None
    agreement: float | None = None
    output_error: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
    error_deviation: float | None = None


class Tally:
    """The sums of one output over samples, in float64, and the samples that are kept.

    Whole numbers add up to the same in any order, others up to rounding.
    """

    def __init__(self, task: Task, *, labelled: bool, compared: bool) -> None:
        """Start with no samples.

        Args:
            task: the task of the output.
            labelled, compared: whether there are labels, and the ANN's outputs.
        """
        self.task, self.labelled, self.compared = task, labelled, compared
        self.merged = False  # with sums of other processes, whose samples are not kept
        none = np.zeros((0, *task.output.shape))
        labels = np.zeros((0, *task.label_shape), np.int64)
        self.sums: Sums = self._of_batch(none, labels, none)
        self._kept: list[tuple[Any, ...]] = []

    def _of_batch(
        self,
        outputs: np.ndarray,
        labels: np.ndarray | None,
        reference: np.ndarray | None,
    ) -> Sums:
        found: Sums = {"samples": np.float64(len(outputs))}
        if self.labelled and labels is not None:
            found |= self.task.counted(outputs, labels)
        if self.compared and reference is not None:
            found |= _differences(outputs, reference)
            if self.task.decides:
                agreed = (
                    self.task.agreed(outputs, reference) if len(outputs) else outputs
                )
                found["agreed"] = np.float64(agreed.sum())
        return found

    def add(
        self,
        outputs: np.ndarray,
        labels: np.ndarray | None = None,
        reference: np.ndarray | None = None,
    ) -> None:
        """Add a batch: outputs ``(B, ...)``, labels as read, and the ANN's outputs."""
        for name, values in self._of_batch(outputs, labels, reference).items():
            self.sums[name] = self.sums[name] + values
        seen = sum(len(parts[0]) for parts in self._kept)
        if seen < self.task.kept:
            rows = slice(self.task.kept - seen)
            given = (outputs, reference, labels)
            self._kept.append(tuple(None if a is None else a[rows] for a in given))

    def vector(self) -> np.ndarray:
        """Return all sums, as :meth:`set` takes them."""
        return np.concatenate([np.ravel(values) for values in self.sums.values()])

    def set(self, vector: np.ndarray) -> None:
        """Replace all sums by those of a :meth:`vector`, added over processes."""
        start = 0
        for name, values in self.sums.items():
            part = vector[start : start + np.size(values)]
            self.sums[name] = part.reshape(np.shape(values))
            start += np.size(values)
        self.merged = True

    @property
    def size(self) -> int:
        """The length of a :meth:`vector`."""
        return sum(np.size(values) for values in self.sums.values())

    def figures(self) -> Figures:
        """Return the figures of all samples added."""
        scores = self.task.scores(self.sums) if self.labelled else {}
        agreement = None
        if self.compared and self.task.decides:
            agreement = float(self.sums["agreed"] / self.sums["samples"])
        if self.task.kept:
            kept = {} if self.merged else self._of_kept()
            if agreement is not None:
                scores["cosine"] = agreement
            agreement = kept.pop("agreement", None)
            scores = {**kept, **scores}
        error, deviation = self._error() if self.compared else (None, None)
        score = scores.get(self.task.metric)
        return Figures(score, agreement, error, scores, deviation)

    def _of_kept(self) -> dict[str, float]:
        columns: list[Any] = [
            None if any(part is None for part in parts) else np.concatenate(parts)
            for parts in zip(*self._kept, strict=True)
        ]
        return self.task.of_kept(*columns) if columns else {}

    def _error(self) -> tuple[float | None, float | None]:
        """Return the error of outputs over their deviation, and its standard error."""
        sums = self.sums
        count = sums["values"]
        variance = sums["ann_squares"] / count - (sums["ann"] / count) ** 2
        varies = variance > 1e-12 * sums["ann_squares"] / count
        if not varies.any():
            return None, None
        squares = sums["errors"] / count
        if self.task.by_unit:
            error = math.sqrt(np.mean(squares[varies] / variance[varies]))
        else:
            error = math.sqrt(squares.sum() / variance[varies].sum())
        n, mean = float(sums["samples"]), float(sums["error"] / sums["samples"])
        if not mean:
            return error, 0.0
        spread = max(float(sums["error_squares"]) / n - mean**2, 0.0)
        return error, error * math.sqrt(spread / n) / (2 * mean)


def _differences(outputs: np.ndarray, reference: np.ndarray) -> Sums:
    """Return sums by unit of the last axis, and over samples of their squares."""
    units = outputs.shape[-1] if outputs.ndim > 1 else 1
    ours, theirs = (a.astype(np.float64) for a in (outputs, reference))
    squares = (ours - theirs) ** 2
    flat = theirs.reshape(-1, units)
    of_samples = squares.reshape(len(squares), math.prod(squares.shape[1:])).sum(1)
    return {
        "values": np.float64(len(flat)),
        "errors": squares.reshape(-1, units).sum(0),
        "ann": flat.sum(0),
        "ann_squares": (flat**2).sum(0),
        "error": np.float64(of_samples.sum()),
        "error_squares": np.float64((of_samples**2).sum()),
    }
