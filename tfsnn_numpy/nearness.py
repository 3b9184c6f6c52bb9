"""How near a network's outputs are to those of another, without labels.

Each output is judged by its task: the share of equal decisions, where it has any, and
always the error of the outputs over their standard deviation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfsnn_numpy.judging import Judged, Judging
from tfsnn_numpy.results import percent
from tfsnn_numpy.sums import BatchResult, Sums
from tfsnn_numpy.tasks import Output, Wanted, find_tasks


class Nearness(Sums):
    """The sums over samples from which the nearness of two networks follows."""

    def __init__(
        self,
        outputs: Sequence[Output],
        wanted: Wanted = None,
        hints: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Start with no samples.

        Args:
            outputs: the outputs of the network, in order.
            wanted: tasks that were asked for (:func:`tfsnn_numpy.tasks.find_tasks`).
            hints: tasks by output, taken where head and shape leave a choice.

        Raises:
            OptionError: for a task or an output that does not exist.
        """
        tasks = find_tasks(outputs, None, wanted, hints=hints)
        unlabelled = [False] * len(tasks)
        super().__init__([0], Judging(tasks, unlabelled), compared=True)

    def add_outputs(
        self, outputs: Sequence[Any], reference: Sequence[np.ndarray]
    ) -> None:
        """Add the outputs of both networks for a batch, ``(B, ...)`` each."""
        rows = [np.asarray(values)[None] for values in outputs]
        counts = np.zeros((1, rows[0].shape[1], 4))
        expected = [np.asarray(values)[None] for values in reference]
        self.add(BatchResult(rows, counts, {}), [None] * len(rows), expected)


class Compared:
    """A result that says how near the outputs of two networks are.

    Attributes:
        outputs: each output, judged by its task, with one row of figures.
    """

    outputs: tuple[Judged, ...]

    @property
    def task(self) -> str:
        """The name of the first output's task (:mod:`tfsnn_numpy.tasks`)."""
        return self.outputs[0].task

    @property
    def agreement(self) -> float | None:
        """The share of the ANN's decisions; None for a task without decisions."""
        return self.outputs[0].figures[0].agreement

    @property
    def output_error(self) -> float | None:
        """The error of the first output over its deviation; None where that is 0."""
        return self.outputs[0].figures[0].output_error


def near_dict(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the nearness of outputs as a JSON-ready dict, that of the first in front.

    "agreement" is there only for a task with decisions, "outputs" only for several.
    """
    each = [_one(output) for output in judged]
    found = {key: value for key, value in each[0].items() if key != "output"}
    return {**found, "outputs": each} if len(each) > 1 else found


def near_text(judged: Sequence[Judged], timesteps: int, samples: int) -> str:
    """Return the nearness of outputs after T steps, a line for each output."""
    lines = []
    for output in judged:
        kind, found = output.kind, output.figures[-1]
        of = f"{samples} samples"
        if kind.decided != "samples":
            of = f"the {kind.decided} of {of}"
        parts = []
        if found.agreement is not None:
            parts.append(f"same {kind.decision} in {percent(found.agreement)} of {of}")
        if found.output_error is not None:
            error = percent(found.output_error)
            on = "" if parts else f" on {samples} samples"
            parts.append(f"outputs off by {error} of their standard deviation{on}")
        what = ", ".join(parts) or f"outputs of {samples} samples do not vary"
        name = f"{output.output}, " if len(judged) > 1 else ""
        lines.append(f"T={timesteps}: {what} (judged as {name}{output.task})")
    return "\n".join(lines)


def _one(judged: Judged) -> dict[str, Any]:
    found = judged.figures[-1]
    shown: dict[str, Any] = {"output": judged.output, "task": judged.task}
    if judged.kind.decides:
        shown["agreement"] = found.agreement
    shown["output_error"] = found.output_error
    return {**shown, "scores": found.scores} if found.scores else shown
