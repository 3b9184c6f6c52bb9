"""The contract of tasks: how labels are read, and outputs scored and compared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tfsnn_numpy.errors import DataError
from tfsnn_numpy.tasks.output import Output

# Sums over samples by name, float64 numbers or arrays: those of batches add up.
Sums = dict[str, Any]


class Task(ABC):
    """A kind of question that an output answers; one file of this folder each.

    Attributes:
        name: the name by which it is set.
        metric: the name of its score, the first of :meth:`scores`.
        expects: what labels it takes, to be read behind "give".
        decides: whether an output says something that is right or wrong, so that two
            networks agree or do not.
        decision: what a decision is, for texts.
        decided: what there is a decision for: "samples", or several of each sample.
        unit: the unit of the score: "%" for a share, which is lost in points.
        by_unit: whether the units of an output are quantities of their own, each with
            its own deviation.
        kept: samples whose outputs are kept for :meth:`of_kept`.
        output: the output that is judged.
    """

    name: ClassVar[str]
    metric: ClassVar[str]
    expects: ClassVar[str]
    decides: ClassVar[bool] = True
    decision: ClassVar[str] = "decision"
    decided: ClassVar[str] = "samples"
    unit: ClassVar[str] = "%"
    by_unit: ClassVar[bool] = False
    kept: ClassVar[int] = 0

    def __init__(self, output: Output) -> None:
        """Take the output that is judged."""
        self.output = output

    @classmethod
    def of(cls, output: Output, y: np.ndarray | None) -> Task:
        """Return the task of an output with labels like these, or without any."""
        return cls(output)

    @classmethod
    @abstractmethod
    def possible(cls, output: Output) -> bool:
        """Return whether an output of this shape can be of this kind."""

    @classmethod
    @abstractmethod
    def suits(cls, output: Output, y: np.ndarray | None) -> bool:
        """Return whether an output is probably of this kind.

        Args:
            output: the output.
            y: the first labels, as stored, ``(N, ...)``; None where there are none.
        """

    @classmethod
    def title(cls) -> str:
        """Return the name of the score as people write it."""
        return cls.metric.replace("_", " ").capitalize()

    @classmethod
    def text(cls, score: float | None) -> str:
        """Return a score as text, with its unit."""
        if score is None:
            return "-"
        if cls.unit == "%":
            return f"{100 * score:.2f} %"
        return f"{score:.2f} {cls.unit}" if cls.unit else f"{score:.4f}"

    @classmethod
    def points(cls, lost: float) -> float:
        """Return a difference of scores in points: per cent, or hundredths, or dB."""
        return lost if cls.unit == "dB" else 100 * lost

    @property
    def label_shape(self) -> tuple[int, ...]:
        """The shape of what :meth:`read` returns for a sample."""
        return ()

    @abstractmethod
    def read(self, y: np.ndarray, where: str, first: int = 0) -> np.ndarray:
        """Check labels as stored, and return them in one form ``(N, *label_shape)``.

        Args:
            y: the labels of a batch.
            where: what they are of, for messages.
            first: the number of the first sample, counted from 0.

        Raises:
            DataError: for labels that do not fit the output.
        """

    @abstractmethod
    def counted(self, outputs: np.ndarray, labels: np.ndarray) -> Sums:
        """Return sums over samples ``(N, ...)``, from which scores follow.

        There may be none (N = 0): the sums are zeros then.
        """

    @abstractmethod
    def scores(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Return the figures by name, the score first; what is undefined is left out.

        Args:
            sums: those of all samples, with "samples", their number.
        """

    def of_each(
        self, outputs: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return what each sample adds to the score, or None where that is not known.

        Two arrays ``(N,)``: the score of any samples is the sum of the first over the
        sum of the second.
        """
        return None

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """Return the decisions, whole numbers ``(N, ...)``.

        Raises:
            NotImplementedError: for a task without decisions.
        """
        raise NotImplementedError(f"{self.name} has no decisions")

    def agreed(self, outputs: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Return the share of equal decisions of each sample, ``(N,)``."""
        same = self.decide(outputs) == self.decide(reference)
        return same.reshape(len(same), -1).mean(1)

    def of_kept(
        self,
        outputs: np.ndarray,
        reference: np.ndarray | None,
        labels: np.ndarray | None,
    ) -> dict[str, float]:
        """Return figures that need samples side by side: those kept, ``(N, ...)``."""
        return {}

    def refusal(self, y: np.ndarray, where: str) -> DataError:
        """Return the error for labels of another form."""
        return DataError(
            f"{where} is of shape {shown(y)} and type {y.dtype}, but the output "
            f"{self.output.name} of shape {self.output.shape} is judged as "
            f"{self.name}: give {self.expects}, name another task (--task, task=...), "
            "or leave y out where no labels are needed"
        )

    def wrong_value(self, where: str, value: object, index: int) -> DataError:
        """Return the error for one sample whose label is not of the task."""
        return DataError(
            f"{where} is {value} in sample {index}, counted from 0, which is no label "
            f"of {self.name} for the output {self.output.name} of shape "
            f"{self.output.shape}: give {self.expects}, or name another task (--task, "
            "task=...)"
        )


def shown(y: np.ndarray) -> str:
    """Return the shape of labels as text, with N for the number of samples."""
    return (
        "("
        + ", ".join(["N", *map(str, y.shape[1:])])
        + ("," if y.ndim == 1 else "")
        + ")"
    )
