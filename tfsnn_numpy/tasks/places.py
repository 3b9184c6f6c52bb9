"""One decision for each place: segmentation of images, tagging of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn_numpy.tasks.contract import Sums, Task
from tfsnn_numpy.tasks.labels import one_hot, whole
from tfsnn_numpy.tasks.output import PROBABILITIES, SCORES, Output

IGNORED = 255  # as VOC and Cityscapes mark pixels that do not count; and all below 0


class Places(Task):
    """Scores of classes, or one yes or no, for each pixel or token."""

    name = "places"
    metric = "accuracy"
    decided = "places"
    expects = (
        "a class number for each place (N, *places), 255 or below 0 where none counts, "
        "or one-hot classes along the last axis"
    )

    @classmethod
    def possible(cls, output: Output) -> bool:
        """Take what has several places."""
        return len(output.shape) > 1 and not output.is_vector and output.size > 1

    @classmethod
    def suits(cls, output: Output, y: np.ndarray | None) -> bool:
        """Take scores along the last of several axes, and masks as labels."""
        shape = output.shape
        if not cls.possible(output):
            return False
        yes = shape[-1] == 1
        if y is None:
            mask = yes and output.head in PROBABILITIES and not output.like_input
            return mask or (not yes and output.head in SCORES)
        if y.dtype.kind not in "biuf":
            return False
        if y.shape[1:] == shape and not yes:
            return one_hot(y)
        if y.shape[1:] not in (shape[:-1], (*shape[:-1], 1)) or not whole(y):
            return False
        return bool(np.isin(y, (0, 1, IGNORED)).all()) if yes else True

    @property
    def classes(self) -> int:
        """The number of classes; two for one yes or no."""
        return max(self.output.shape[-1], 2)

    @property
    def label_shape(self) -> tuple[int, ...]:
        """That of the places."""
        return self.output.shape[:-1]

    def read(self, y: np.ndarray, where: str, first: int = 0) -> np.ndarray:
        """Return class numbers ``(N, *places)`` int64; -1 for what does not count."""
        shape = self.output.shape
        if y.dtype.kind not in "biuf":
            raise self.refusal(y, where)
        if y.shape[1:] == shape and shape[-1] > 1:
            wrong = ~((y == 0) | (y == 1)).all(-1) | (y.sum(-1) != 1)
            found = y.argmax(-1).astype(np.int64)
        elif y.shape[1:] in (self.label_shape, (*self.label_shape, 1)):
            numbers = y.reshape(len(y), *self.label_shape)
            with np.errstate(invalid="ignore"):
                found = numbers.astype(np.int64)
            if shape[-1] == 1 and len(y) and (found == IGNORED).any():
                found = np.where(found == IGNORED, 1, found)  # a mask of 0 and 255
            counts = (found >= 0) & (found != IGNORED)
            wrong = (found != numbers) & (numbers != IGNORED)
            wrong |= counts & (found >= self.classes)
            found = np.where(counts, found, -1)
        else:
            raise self.refusal(y, where)
        bad = wrong.reshape(len(y), -1).any(1)
        if bad.any():
            index = int(bad.argmax())
            values = np.unique(y[index])[-3:].tolist()
            raise self.wrong_value(where, f"up to {values}", first + index)
        return found

    def counted(self, outputs: np.ndarray, labels: np.ndarray) -> Sums:
        """Count pairs of label and decision, ``(classes, classes)``."""
        counts = labels >= 0
        pairs = labels[counts] * self.classes + self.decide(outputs)[counts]
        found = np.bincount(pairs, minlength=self.classes**2)
        return {"pairs": found.reshape(self.classes, -1).astype(float)}

    def scores(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Return the share of right places, and the mean intersection over union.

        The mean is over the classes that are in the labels or the decisions.
        """
        pairs = sums["pairs"]
        if not pairs.sum():
            return {}
        right = np.diag(pairs)
        union = pairs.sum(0) + pairs.sum(1) - right
        return {
            "accuracy": float(right.sum() / pairs.sum()),
            "mean_iou": float(np.mean(right[union > 0] / union[union > 0])),
        }

    def of_each(
        self, outputs: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of each sample that are right, and those that count."""
        counts = labels >= 0
        right = counts & (self.decide(outputs) == labels)
        right, counts = (a.reshape(len(labels), -1).sum(1) for a in (right, counts))
        return right.astype(float), counts.astype(float)

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """Return the class of each place, ``(N, *places)``."""
        if self.output.shape[-1] > 1:
            return outputs.argmax(-1)
        return (outputs[..., 0] >= self.output.threshold).astype(np.int64)
