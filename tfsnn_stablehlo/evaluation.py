"""Accuracy, spikes, operations and energy against time, as ``tfsnn evaluate`` has them.

The same table and the same JSON, but for agreement with the ANN, which is not here.
`tfsnn.evaluate` says what the columns mean; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from tfsnn_stablehlo.data import Progress, open_data
from tfsnn_stablehlo.errors import DataError, OptionError
from tfsnn_stablehlo.program import EVALUATE, Program
from tfsnn_stablehlo.results import Energy, below_the_table


@dataclass(frozen=True)
class Row:
    """The network after some steps; counts are per sample."""

    timesteps: int
    latency: int
    accuracy: float | None
    agreement: float | None
    spikes: float
    coefficients: float
    synops: float
    synops_events: float
    energy_ratio: float | None
    energy_ratio_events: float | None


@dataclass(frozen=True)
class Evaluation:
    """What :func:`evaluate` found: without the ANN, and without early exit."""

    samples: int
    ann_accuracy: None
    rows: tuple[Row, ...]
    energy: Energy

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return {**asdict(self), "rows": [asdict(row) for row in self.rows]}

    def __str__(self) -> str:
        header = [spec.name.replace("_", " ") for spec in fields(Row)]
        lines = _table([header, *map(_cells, self.rows)])
        lines += below_the_table(self.samples, self.energy)
        return "\n".join(lines)


def evaluate(
    program: Program,
    data: Any,
    *,
    timesteps: Sequence[int] | None = None,
    limit: int | None = None,
    raw: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Run a program on data.

    Args:
        program: from :func:`tfsnn_stablehlo.load`.
        data: anything that :func:`tfsnn_stablehlo.open_data` takes.
        timesteps: for the rows; 1, 2, 4, ... up to the program's T if None.
        limit: samples used at most.
        raw: whether 8-bit values stay at 0..255, instead of 0..1.
        progress: wraps the batches, for a progress bar.

    Raises:
        OptionError: for steps that the program does not simulate, and an impossible
            `data` or `limit`.
        DataError: if data or labels do not fit.
        ProgramError: if the program cannot run on its device.
    """
    most = program.timesteps
    steps = sorted(set(_doubling(most) if timesteps is None else timesteps))
    if not steps or steps[0] < 1 or steps[-1] > most:
        raise OptionError(
            f"timesteps={steps} must be from 1 to {most}, which the program simulates"
        )
    kept = True if raw else program.whole_inputs
    opened = open_data(data, program.inputs, raw=kept, limit=limit)
    totals = Totals(program.manifest["evaluation"], steps)
    for x, y in opened.batches(program.batch_size, progress, "evaluating"):
        outputs, *counts = program.run(EVALUATE, x)
        totals.add(outputs, counts[0] if counts else None, y)
    return totals.evaluation()


def _doubling(most: int) -> list[int]:
    return [2**i for i in range(most.bit_length()) if 2**i < most] + [most]


class Totals:
    """Sums over samples."""

    def __init__(self, known: dict[str, Any], steps: Sequence[int]) -> None:
        """Of the manifest's "evaluation", after each of the `steps`."""
        self.known, self.steps = known, list(steps)
        self.energy = Energy(**known["energy"])
        self.samples, self.labelled = 0, False
        self.right = np.zeros(len(steps))
        self.counts = np.zeros((len(steps), 4))

    def add(
        self, outputs: np.ndarray, counts: np.ndarray | None, y: np.ndarray | None
    ) -> None:
        """Some samples.

        Args:
            outputs: after each step, ``(T, B, ...)``.
            counts: of each counted node, ``(N, S, B, 4)``.
            y: labels ``(B,)``.
        """
        outputs = outputs[[t - 1 for t in self.steps]]
        top = outputs.reshape(*outputs.shape[:2], -1).argmax(-1)  # (rows, B)
        classes = int(np.prod(outputs.shape[2:]))
        self.samples += top.shape[1]
        if y is not None:
            if y.max() >= classes:
                raise DataError(
                    f"label {y.max()} is out of range: the model has {classes} "
                    f"classes, 0 to {classes - 1}"
                )
            self.labelled = True
            self.right += (top == y).sum(1)
        if counts is None:
            return
        ends = [self.known["pre_steps"] + t - 1 for t in self.steps]
        for node, of_node in zip(self.known["counted"], counts, strict=True):
            of_batch = of_node.astype(np.float64).sum(1)
            if not node["spikes"]:  # what a pooling passes on
                of_batch[:, :2] = 0
            self.counts += np.cumsum(of_batch, 0)[ends]

    def evaluation(self) -> Evaluation:
        """Of all samples."""
        rows = tuple(map(self._row, range(len(self))))
        return Evaluation(self.samples, None, rows, self.energy)

    def __len__(self) -> int:
        return len(self.steps)

    def _row(self, i: int) -> Row:
        at = self.known["steps"][self.steps[i] - 1]
        per_sample = (self.counts[i] / self.samples).tolist()
        spikes, coefficients, events, accumulates = per_sample
        ann = self.energy.picojoules(self.known["ann_macs"], 0)
        ratio, ratio_events = (
            self.energy.picojoules(at["macs"], count) / ann if ann else None
            for count in (accumulates, events)
        )
        return Row(
            timesteps=self.steps[i],
            latency=at["latency"],
            accuracy=float(self.right[i] / self.samples) if self.labelled else None,
            agreement=None,
            spikes=spikes,
            coefficients=coefficients,
            synops=accumulates,
            synops_events=events,
            energy_ratio=ratio,
            energy_ratio_events=ratio_events,
        )


def _cells(row: Row) -> list[str]:
    def share(value: float | None) -> str:
        return "-" if value is None else f"{100 * value:.2f} %"

    def ratio(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    counts = (row.spikes, row.coefficients, row.synops, row.synops_events)
    return [
        str(row.timesteps),
        str(row.latency),
        share(row.accuracy),
        share(row.agreement),
        *(f"{count:,.0f}" for count in counts),
        ratio(row.energy_ratio),
        ratio(row.energy_ratio_events),
    ]


def _table(rows: list[list[str]]) -> list[str]:
    """Lines: the first column to the left, numbers to the right, a rule below."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    lines = []
    for row in rows:
        first, *rest = (
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return lines
