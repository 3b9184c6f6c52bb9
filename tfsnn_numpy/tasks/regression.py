"""Regression: numbers, each a quantity of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn_numpy.tasks.contract import Sums, Task
from tfsnn_numpy.tasks.output import Output


class Regression(Task):
    """Numbers of any kind, which are near those wanted or far from them."""

    name = "regression"
    metric = "r2"
    expects = "numbers of the output's shape for each sample"
    decides = False
    unit = ""
    by_unit = True

    @classmethod
    def title(cls) -> str:
        """Return the name of the score."""
        return "R²"

    @classmethod
    def possible(cls, output: Output) -> bool:
        """Take anything."""
        return True

    @classmethod
    def suits(cls, output: Output, y: np.ndarray | None) -> bool:
        """Take what is of no other kind; labels are numbers of the output's shape."""
        return y is None or (y.dtype.kind in "biuf" and _fits(y, output))

    @property
    def label_shape(self) -> tuple[int, ...]:
        """That of the output."""
        return self.output.shape

    def read(self, y: np.ndarray, where: str, first: int = 0) -> np.ndarray:
        """Return numbers of the output's shape, float64."""
        if y.dtype.kind not in "biuf" or not _fits(y, self.output):
            raise self.refusal(y, where)
        numbers = y.astype(np.float64).reshape(len(y), *self.label_shape)
        wrong = ~np.isfinite(numbers).reshape(len(y), -1).all(1)
        if wrong.any():
            index = int(wrong.argmax())
            raise self.wrong_value(where, y[index], first + index)
        return numbers

    def counted(self, outputs: np.ndarray, labels: np.ndarray) -> Sums:
        """Return sums of errors, their squares, and moments of the labels, by unit."""
        units = self.output.shape[-1] if self.output.shape else 1
        y = labels.reshape(-1, units)
        errors = outputs.astype(np.float64).reshape(-1, units) - y
        return {
            "values": np.float64(len(y)),
            "squares": (errors**2).sum(0),
            "absolute": np.abs(errors).sum(0),
            "labels": y.sum(0),
            "label_squares": (y**2).sum(0),
        }

    def scores(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Return R², the mean over units, and the mean absolute error.

        R² is 1 less the mean square error over the variance of the labels; units whose
        labels do not vary are left out.
        """
        n = sums["values"]
        mean = sums["labels"] / n
        around = sums["label_squares"] - n * mean**2
        varies = around > 1e-12 * np.maximum(sums["label_squares"], 1e-300)
        found = {}
        if varies.any():
            found["r2"] = float(np.mean(1 - sums["squares"][varies] / around[varies]))
        return {**found, "mae": float(np.mean(sums["absolute"] / n))}


def _fits(y: np.ndarray, output: Output) -> bool:
    squeezed = tuple(n for n in output.shape if n != 1)
    return tuple(n for n in y.shape[1:] if n != 1) == squeezed
