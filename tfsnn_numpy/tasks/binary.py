"""Binary classification: yes or no for each sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn_numpy.tasks.contract import Sums, Task
from tfsnn_numpy.tasks.labels import column, flags, yes_or_no
from tfsnn_numpy.tasks.output import PROBABILITIES, Output

# Scores are sorted into bins of their logits for the area under the curve; a
# pair of samples in one bin counts as a tie.
LOGITS, BINS = 20.0, 8192


class Binary(Task):
    """One sigmoid or one logit for each sample, which says yes or no."""

    name = "binary"
    metric = "accuracy"
    expects = "0 or 1 for each sample (N,)"

    @classmethod
    def possible(cls, output: Output) -> bool:
        """Take single units."""
        return output.size == 1

    @classmethod
    def suits(cls, output: Output, y: np.ndarray | None) -> bool:
        """Take single units with a sigmoid, and those whose labels are 0 and 1."""
        sigmoid = output.head in PROBABILITIES
        if not cls.possible(output):
            return False
        if y is None:
            return sigmoid
        values = column(y)
        return values.ndim == 1 and (yes_or_no if sigmoid else flags)(values)

    def read(self, y: np.ndarray, where: str, first: int = 0) -> np.ndarray:
        """Return 0 or 1, ``(N,)`` int64."""
        values = column(y)
        if y.dtype.kind not in "biuf" or values.ndim != 1:
            raise self.refusal(y, where)
        wrong = ~np.isin(values, (0, 1))
        if wrong.any():
            index = int(wrong.argmax())
            raise self.wrong_value(where, values[index], first + index)
        return values.astype(np.int64)

    def counted(self, outputs: np.ndarray, labels: np.ndarray) -> Sums:
        """Count what is right of either label, and the samples of each by logit."""
        decided = self.decide(outputs)
        right = np.bincount(labels[decided == labels], minlength=2)
        bins = self._bins(outputs)
        counts = [np.bincount(bins[labels == k], minlength=BINS) for k in (0, 1)]
        return {"right": right.astype(float), "bins": np.array(counts, float)}

    def _bins(self, outputs: np.ndarray) -> np.ndarray:
        values = outputs.reshape(len(outputs)).astype(np.float64)
        if self.output.head in PROBABILITIES:
            values = np.clip(values, 1e-300, 1 - 2**-53)
            values = np.log(values) - np.log1p(-values)
        places = (values / LOGITS + 1) * (BINS / 2)
        return np.clip(places, 0, BINS - 1).astype(np.int64)

    def scores(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Return accuracy, balanced accuracy and the area under the ROC curve."""
        right, bins = sums["right"], sums["bins"]
        found = {"accuracy": float(right.sum() / sums["samples"])}
        no, yes = bins.sum(1)
        if no and yes:
            found["balanced_accuracy"] = float((right[0] / no + right[1] / yes) / 2)
            below = np.cumsum(bins[0]) - bins[0] / 2  # of "no"; a tie is half a pair
            found["auc"] = float((bins[1] * below).sum() / (no * yes))
        return found

    def of_each(
        self, outputs: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return whether each sample is right, and ones."""
        right = self.decide(outputs) == labels
        return right.astype(float), np.ones(len(labels))

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """Return 1 for yes, ``(N,)``."""
        values = outputs.reshape(len(outputs))
        return (values >= self.output.threshold).astype(np.int64)
