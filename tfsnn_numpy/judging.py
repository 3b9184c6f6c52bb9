"""Judging the outputs of a network by their tasks, over the samples of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfsnn_numpy.samples import Data
from tfsnn_numpy.tasks import (
    TASKS,
    Figures,
    Labels,
    Output,
    Task,
    Wanted,
    find_tasks,
    labels_of,
)


@dataclass(frozen=True)
class Judged:
    """One output, judged after each of some numbers of steps.

    Attributes:
        output: name of the output.
        task: name of its task (:mod:`tfsnn_numpy.tasks`).
        metric: name of the task's score.
        ann: the figures of the original network itself; None without it.
        figures: those of the network, one for each row.
    """

    output: str
    task: str
    metric: str
    ann: Figures | None
    figures: tuple[Figures, ...]

    @property
    def kind(self) -> type[Task]:
        """The class of the task."""
        return TASKS[self.task]

    @property
    def ann_score(self) -> float | None:
        """The score of the original network; None without it or without labels."""
        return None if self.ann is None else self.ann.score

    def to_dict(self, steps: Sequence[int]) -> dict[str, Any]:
        """Return a JSON-ready dict, with a row for each of the numbers of steps."""
        return {
            "output": self.output,
            "task": self.task,
            "metric": self.metric,
            "ann_score": self.ann_score,
            "ann_scores": {} if self.ann is None else self.ann.scores,
            "rows": [
                {"timesteps": t, **shown(found, self.kind)}
                for t, found in zip(steps, self.figures, strict=True)
            ],
        }


def shown(found: Figures, task: type[Task]) -> dict[str, Any]:
    """Return figures as a JSON-ready dict, without those that the task does not have.

    Classification has its score as "accuracy" as well.
    """
    values: dict[str, Any] = {"score": found.score}
    if task.name == "classification":
        values["accuracy"] = found.score
    if task.decides:
        values["agreement"] = found.agreement
    return {**values, "output_error": found.output_error, "scores": found.scores}


class Judging:
    """The tasks of a network's outputs, and the labels that data has of them.

    Attributes:
        tasks: the tasks, in the order of the outputs.
        labelled: for each, whether there are labels.
    """

    def __init__(
        self, tasks: Sequence[Task], labelled: Sequence[bool], where: str = "y"
    ) -> None:
        """Take tasks, which of them have labels, and what the labels are called."""
        self.tasks, self.labelled, self.where = tuple(tasks), tuple(labelled), where
        self._read = 0

    @classmethod
    def of(
        cls,
        outputs: Sequence[Output],
        data: Data,
        wanted: Wanted = None,
        hints: Mapping[str, Sequence[str]] | None = None,
    ) -> Judging:
        """Find the tasks of outputs on data (:func:`tfsnn_numpy.tasks.find_tasks`).

        Raises:
            OptionError: for a task or an output that does not exist.
            DataError: for labels that fit no task, or no output.
        """
        first, where = data.first_labels(), f"y of {data.name}"
        tasks = find_tasks(outputs, first, wanted, where=where, hints=hints)
        return cls.with_labels(tasks, first, where)

    @classmethod
    def with_labels(
        cls, tasks: Sequence[Task], first: Labels | None, where: str = "y"
    ) -> Judging:
        """Return tasks that were found already, with the first labels of the data."""
        labels = labels_of(first, [task.output.name for task in tasks], where)
        return cls(tasks, [y is not None for y in labels], where)

    def read(self, y: Labels | None) -> list[np.ndarray | None]:
        """Return the labels of a batch by output, checked; None without any.

        Raises:
            DataError: for labels that do not fit.
        """
        names = [task.output.name for task in self.tasks]
        found = [
            None if part is None else task.read(part, self._what(task), self._read)
            for task, part in zip(
                self.tasks, labels_of(y, names, self.where), strict=True
            )
        ]
        self._read += max((len(part) for part in found if part is not None), default=0)
        return found

    def _what(self, task: Task) -> str:
        if len(self.tasks) == 1:
            return self.where
        return f"{self.where} for the output {task.output.name}"
