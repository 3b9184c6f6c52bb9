"""Accuracy, spikes, operations and energy against time, as ``tfsnn evaluate`` has them.

Table and JSON are the same, but for agreement with the ANN, which is not here. A
test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tfsnn_numpy.errors import OptionError
from tfsnn_numpy.opening import open_data
from tfsnn_numpy.results import Energy, Row, check_labels, doubling, evaluation_text
from tfsnn_numpy.samples import Progress
from tfsnn_numpy.sums import Costs, Sums, batch_result
from tfsnn_stablehlo.manifest import EVALUATE
from tfsnn_stablehlo.program import Program


@dataclass(frozen=True)
class Evaluation:
    """The result of :func:`evaluate`: without the ANN, and without early exit."""

    samples: int
    ann_accuracy: None
    rows: tuple[Row, ...]
    energy: Energy

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict."""
        return {**asdict(self), "rows": [asdict(row) for row in self.rows]}

    def __str__(self) -> str:
        return "\n".join(evaluation_text(self.samples, None, self.rows, self.energy))


def evaluate(
    program: Program,
    data: Any,
    *,
    timesteps: Sequence[int] | None = None,
    limit: int | None = None,
    raw: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a program on data, after each of some numbers of steps.

    Args:
        program: a program from :func:`tfsnn_stablehlo.load`.
        data: anything that :func:`tfsnn_stablehlo.open_data` takes.
        timesteps: T of each row; 1, 2, 4, ... up to the program's T if None.
        limit: the most samples to use.
        raw: whether 8-bit values stay at 0..255, instead of 0..1.
        progress: wraps the batches, for a progress bar.

    Raises:
        OptionError: for steps that the program does not simulate, and an impossible
            `data` or `limit`.
        DataError: if data or labels do not fit.
        ProgramError: if the program cannot run on its device.
    """
    most = program.timesteps
    steps = sorted(set(doubling(most) if timesteps is None else timesteps))
    if not steps or steps[0] < 1 or steps[-1] > most:
        raise OptionError(
            f"timesteps={steps} must be from 1 to {most}, which the program simulates"
        )
    kept = True if raw else program.whole_inputs
    opened = open_data(data, program.inputs, raw=kept, limit=limit)
    totals = Totals(program.manifest["evaluation"], steps)
    for x, y in opened.batches(program.batch_size, progress, "evaluating"):
        outputs, *counts = program.run(EVALUATE, x)
        totals.observe(outputs, counts[0] if counts else None, y)
    return totals.evaluation()


class Totals(Sums):
    """Sums over samples of the results of a program."""

    def __init__(self, known: dict[str, Any], steps: Sequence[int]) -> None:
        """Start with no samples; `known` is "evaluation" of the manifest."""
        super().__init__(steps)
        self.known, self.labelled = known, False
        self.costs = costs_of(known)

    def observe(
        self, outputs: np.ndarray, counts: np.ndarray | None, y: np.ndarray | None
    ) -> None:
        """Add a batch.

        Args:
            outputs: the first output after each step, ``(T, B, ...)``.
            counts: counts of each counted node, ``(N, S, B, 4)``.
            y: labels ``(B,)``.
        """
        nodes = [node["node"] for node in self.known["counted"]]
        by_node = {} if counts is None else dict(zip(nodes, counts, strict=True))
        result = batch_result(self.steps, outputs, by_node, self.costs)
        if y is not None:
            check_labels(y, result.classes)
            self.labelled = True
        self.add(result, y)

    def evaluation(self) -> Evaluation:
        """Return the evaluation of all samples."""
        energy = Energy(**self.known["energy"])
        rows = self.rows(self.costs, energy, labelled=self.labelled, compared=False)
        return Evaluation(self.samples, None, rows, energy)


def costs_of(known: dict[str, Any]) -> Costs:
    """Return the costs of the program, from "evaluation" of the manifest."""
    return Costs(
        known["pre_steps"],
        known["ann_macs"],
        [step["macs"] for step in known["steps"]],
        [step["latency"] for step in known["steps"]],
        {node["node"] for node in known["counted"] if node["spikes"]},
    )
