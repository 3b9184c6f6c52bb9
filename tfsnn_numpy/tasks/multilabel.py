"""Multi-label classification: any number of labels for each sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn_numpy.tasks.contract import Sums, Task
from tfsnn_numpy.tasks.labels import one_hot, yes_or_no
from tfsnn_numpy.tasks.output import Output


class MultiLabel(Task):
    """One sigmoid or logit for each label, independent of the others."""

    name = "multilabel"
    metric = "f1"
    decided = "labels"
    expects = "a row of zeros and ones for each sample (N, labels)"

    @classmethod
    def possible(cls, output: Output) -> bool:
        """Take vectors."""
        return output.is_vector

    @classmethod
    def suits(cls, output: Output, y: np.ndarray | None) -> bool:
        """Take vectors of sigmoids, and vectors with rows of zeros and ones."""
        if not cls.possible(output):
            return False
        if y is None:
            return output.head in ("sigmoid", "hard_sigmoid")
        rows = y.shape[1:] == (output.size,) and yes_or_no(y)
        return rows and not one_hot(y)

    @property
    def label_shape(self) -> tuple[int, ...]:
        """One value for each label."""
        return (self.output.size,)

    def read(self, y: np.ndarray, where: str, first: int = 0) -> np.ndarray:
        """Return zeros and ones ``(N, labels)``, int64."""
        if y.dtype.kind not in "biuf" or y.shape[1:] != self.label_shape:
            raise self.refusal(y, where)
        wrong = ~np.isin(y, (0, 1)).all(1)
        if wrong.any():
            index = int(wrong.argmax())
            raise self.wrong_value(where, y[index], first + index)
        return y.astype(np.int64)

    def counted(self, outputs: np.ndarray, labels: np.ndarray) -> Sums:
        """Count hits, false alarms and misses of all labels, and rows without any."""
        found = self.decide(outputs)
        both = (found & labels).sum()
        return {
            "pairs": np.array([both, found.sum() - both, labels.sum() - both], float),
            "exact": np.float64((found == labels).all(1).sum()),
        }

    def scores(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Return F1 over all labels of all samples, and the share of exact rows."""
        hits, alarms, misses = sums["pairs"]
        found = {}
        if hits + alarms + misses:
            found["f1"] = float(2 * hits / (2 * hits + alarms + misses))
        return {**found, "exact_match": float(sums["exact"] / sums["samples"])}

    def of_each(
        self, outputs: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return twice the hits of each sample, and what is said and what is true."""
        found = self.decide(outputs)
        return 2.0 * (found & labels).sum(1), (found + labels).sum(1).astype(float)

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """Return 1 for each label that is said, ``(N, labels)``."""
        rows = outputs.reshape(len(outputs), self.output.size)
        return (rows >= self.output.threshold).astype(np.int64)
