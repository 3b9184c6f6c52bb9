"""The rows of an evaluation, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

from tfsnn_numpy.energy import EnergyModel
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.tasks import Task


@dataclass(frozen=True)
class Row:
    """The results of a network after some steps; counts are per sample.

    The first output's score, agreement and error; others are beside the rows.

    Attributes:
        timesteps: T; over time the number of frames.
        latency: steps until the last layer has finished: T, and what look-ahead,
            pre-steps or layer-by-layer operation add
            (:class:`tfsnn.network.clock.Clock`).
        score: the score of the output's task (:mod:`tfsnn_numpy.tasks`); None without
            labels.
        agreement: share of decisions that are the ANN's; None without the ANN, and for
            a task without decisions.
        output_error: root mean square difference from the ANN's outputs over their
            standard deviation; None without the ANN.
        accuracy: the score of a classification; None for all other tasks.
        spikes: events, whatever their coefficient; None, as all below, where nothing is
            counted.
        coefficients: sum of the absolute coefficients of all spikes.
        synops: accumulates, a spike of coefficient c counted as abs(c).
        synops_events: accumulates, each spike counted once.
        energy_ratio: energy of the SNN over that of the ANN, by `synops`; None for an
            ANN without a multiply-accumulate.
        energy_ratio_events: the energy ratio by `synops_events`.
        scores: all figures of the task, by name.
    """

    timesteps: int
    latency: int
    score: float | None = None
    agreement: float | None = None
    output_error: float | None = None
    accuracy: float | None = None
    spikes: float | None = None
    coefficients: float | None = None
    synops: float | None = None
    synops_events: float | None = None
    energy_ratio: float | None = None
    energy_ratio_events: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self, task: type[Task]) -> dict[str, Any]:
        """Return a JSON-ready dict, without what the task does not have."""
        return {
            spec.name: getattr(self, spec.name)
            for spec in fields(self)
            if (spec.name != "accuracy" or task.name == "classification")
            and (spec.name != "agreement" or task.decides)
        }


def doubling(most: int) -> list[int]:
    """Return the default steps of rows: 1, 2, 4, ... and `most`."""
    return [2**i for i in range(most.bit_length()) if 2**i < most] + [most]


def evaluation_text(
    samples: int,
    judged: Sequence[Judged],
    rows: Sequence[Row],
    energy: EnergyModel,
    steps: str = "timesteps",
) -> list[str]:
    """Return the lines of the table of rows, of the outputs, and of their units.

    `steps` is the name of the first column.
    """
    counts = ("spikes", "coefficients", "synops", "synops_events")
    ratios = ("energy_ratio", "energy_ratio_events")
    columns = {steps: [str(row.timesteps) for row in rows]}
    columns["latency"] = [str(row.latency) for row in rows]
    if len(judged) == 1:
        columns |= judged_columns(judged[0])
    for name in counts:
        values = [getattr(row, name) for row in rows]
        columns[name] = ["-" if n is None else f"{n:,.0f}" for n in values]
    for name in ratios:
        values = [getattr(row, name) for row in rows]
        columns[name] = ["-" if n is None else f"{n:.3f}" for n in values]
    lines = columns_table(columns)
    for each in judged if len(judged) > 1 else ():
        columns = {steps: [str(row.timesteps) for row in rows]}
        columns |= judged_columns(each)
        lines += ["", f"output {each.output}, {each.task}:", *columns_table(columns)]
    lines += [ann_line(each, len(judged) > 1) for each in judged]
    return lines + below_the_table(samples, energy)


class Scored(Protocol):
    """An output with its task, and the original network's score."""

    @property
    def output(self) -> str: ...

    @property
    def task(self) -> str: ...

    @property
    def metric(self) -> str: ...

    @property
    def kind(self) -> type[Task]: ...

    @property
    def ann_score(self) -> float | None: ...


def scored_head(outputs: Sequence[Scored]) -> dict[str, Any]:
    """Return the first output's task and the original network's score, JSON-ready.

    All are None without outputs; a classification has its score as an accuracy as well.
    """
    if not outputs:
        return dict.fromkeys(("task", "metric", "ann_score"))
    first = outputs[0]
    found = {"task": first.task, "metric": first.metric, "ann_score": first.ann_score}
    if first.task == "classification":
        found["ann_accuracy"] = first.ann_score
    return found


def columns_table(columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the lines of a table of columns by name."""
    header = [name.replace("_", " ") for name in columns]
    return table(header, [list(row) for row in zip(*columns.values(), strict=True)])


def judged_columns(judged: Judged) -> dict[str, list[str]]:
    """Return what is known of an output as columns of texts, one for each row."""
    task, figures = judged.kind, judged.figures
    found = {}
    if any(f.score is not None for f in figures):
        found[task.metric] = [task.text(f.score) for f in figures]
    if any(f.agreement is not None for f in figures):
        found["agreement"] = [percent(f.agreement) for f in figures]
    if any(f.output_error is not None for f in figures):
        found["output_error"] = [percent(f.output_error) for f in figures]
    return found


def percent(share: float | None) -> str:
    """Return a share as text, in per cent."""
    return "-" if share is None else f"{100 * share:.2f} %"


def ann_line(judged: Scored, several: bool) -> str:
    """Return a line on the original network's score, if there is one, and the task."""
    of = f"{judged.output}, " if several else ""
    if judged.ann_score is None:
        return f"judged as {of}{judged.task}"
    score = judged.kind.text(judged.ann_score)
    return (
        f"ANN {judged.metric.replace('_', ' ')} {score} (judged as {of}{judged.task})"
    )


def below_the_table(samples: int, energy: EnergyModel) -> list[str]:
    """Return lines on the units of the rows."""
    return [
        f"{samples} samples; spikes and operations are per sample",
        f"energy ratio: SNN over ANN, {energy}",
    ]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table: first column to the left, numbers to the right."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join([first, *rest]).rstrip()

    return [line(header), line(["-" * width for width in widths]), *map(line, rows)]
