"""Classification: one of several classes for each sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn_numpy.errors import DataError
from tfsnn_numpy.tasks.contract import Sums, Task
from tfsnn_numpy.tasks.labels import column, one_hot, whole
from tfsnn_numpy.tasks.output import SCORES, Output


class Classification(Task):
    """One vector of scores for each sample, of which the largest is the class."""

    name = "classification"
    metric = "accuracy"
    expects = "class numbers (N,) from 0, or one-hot rows (N, classes)"

    @classmethod
    def possible(cls, output: Output) -> bool:
        """Take vectors."""
        return output.is_vector

    @classmethod
    def suits(cls, output: Output, y: np.ndarray | None) -> bool:
        """Take vectors of scores, and vectors with class numbers or one-hot rows."""
        if not cls.possible(output):
            return False
        if y is None:
            return output.head in (*SCORES, "linear")
        numbers = column(y)
        if numbers.ndim == 1:
            return whole(numbers) and numbers.dtype.kind != "b"
        return y.shape[1:] == (output.size,) and one_hot(y)

    def read(self, y: np.ndarray, where: str, first: int = 0) -> np.ndarray:
        """Return class numbers ``(N,)``, int64."""
        numbers, classes = column(y), self.output.size
        if y.dtype.kind not in "biuf":
            raise self.refusal(y, where)
        if numbers.ndim == 1:
            with np.errstate(invalid="ignore"):  # NaN becomes a number unequal to it
                found = numbers.astype(np.int64)
            wrong = (found != numbers) | (found < 0)
        elif y.shape[1:] == (classes,):
            found = y.argmax(1).astype(np.int64)
            wrong = (np.count_nonzero(y, axis=1) != 1) | (y.max(axis=1) != 1)
        else:
            raise self.refusal(y, where)
        if wrong.any():
            index = int(wrong.argmax())
            raise self.wrong_value(where, numbers[index], first + index)
        if len(found) and found.max() >= classes:
            raise DataError(
                f"{where} holds the label {found.max()}, which is out of range: the "
                f"model has {classes} classes, 0 to {classes - 1}; give the labels of "
                "the classes that it was trained on"
            )
        return found

    def counted(self, outputs: np.ndarray, labels: np.ndarray) -> Sums:
        """Count the samples whose top class is the label."""
        return {"right": np.float64((self.decide(outputs) == labels).sum())}

    def scores(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Return the accuracy."""
        return {"accuracy": float(sums["right"] / sums["samples"])}

    def of_each(
        self, outputs: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return whether each sample is right, and ones."""
        right = self.decide(outputs) == labels
        return right.astype(float), np.ones(len(labels))

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """Return the class with the largest score, ``(N,)``."""
        return outputs.reshape(len(outputs), self.output.size).argmax(-1)
