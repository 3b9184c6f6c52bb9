"""The result of a comparison of methods, as a table, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from tfsnn.hardware.energy import DEFAULT, EnergyModel
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.results import (
    ann_line,
    below_the_table,
    columns_table,
    percent,
    scored_head,
)
from tfsnn_numpy.tasks import TASKS, Task


def label(method: str, options: Mapping[str, Any]) -> str:
    """Return a method with its options as text."""
    texts = [
        f"{key}={'none' if value is None else value}" for key, value in options.items()
    ]
    return f"{method} ({', '.join(texts)})" if texts else method


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class ComparedOutput:
    """What all rows of a comparison have in common of one output.

    Attributes:
        output: name of the output.
        task: name of its task (:mod:`tfsnn_numpy.tasks`).
        metric: name of the task's score.
        ann_score: score of the original network; None without labels.
    """

    output: str
    task: str
    metric: str
    ann_score: float | None = None

    @classmethod
    def of(cls, judged: Judged) -> ComparedOutput:
        """Return what is known of an output that was judged."""
        return cls(judged.output, judged.task, judged.metric, judged.ann_score)

    @property
    def kind(self) -> type[Task]:
        """The class of the task."""
        return TASKS[self.task]


@dataclass(frozen=True)
class ComparedRow:
    """A method, converted for a number of steps and evaluated after all of them.

    Counts are per sample, as in :class:`tfsnn_numpy.results.Row`. Where there is an
    `error`, all measurements are None.

    Attributes:
        method: the method's name.
        options: those given or set by the alphabet; the others have their defaults.
        alphabet: what a spike may carry
            (:func:`tfsnn.conversion.methods.alphabet.alphabet_of`).
        timesteps: T; None if the method cannot send the alphabet at any T.
        latency: steps until the last layer has finished.
        score: the score of the first output's task; None without labels.
        agreement: share of its decisions that are the ANN's; None for a task without
            decisions.
        output_error: root mean square difference from the ANN's outputs over their
            standard deviation.
        accuracy: the score of a classification; None for all other tasks.
        spikes: events, whatever their coefficient.
        synops: accumulates, a spike of coefficient c counted as abs(c).
        energy_ratio: energy of the SNN over that of the ANN, by `synops`.
        seconds: time of simulation per sample (:func:`tfsnn.compare`).
        error: the reason why the method could not be measured, or None.
        outputs: score, agreement and error by output, where there are several.
    """

    method: str
    options: Mapping[str, Any]
    alphabet: str | None
    timesteps: int | None
    latency: int | None = None
    score: float | None = None
    agreement: float | None = None
    output_error: float | None = None
    accuracy: float | None = None
    spikes: float | None = None
    synops: float | None = None
    energy_ratio: float | None = None
    seconds: float | None = None
    error: str | None = None
    outputs: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The method with its options."""
        return label(self.method, self.options)

    def to_dict(self, task: type[Task] | None) -> dict[str, Any]:
        """Return a JSON-ready dict, without what the task does not have."""
        found = asdict(self)
        if task is not None and task.name != "classification":
            del found["accuracy"]
        if task is not None and not task.decides:
            del found["agreement"]
        if not self.outputs:
            del found["outputs"]
        return found


@dataclass(frozen=True)
class Comparison:
    """The result of :func:`tfsnn.compare`.

    Attributes:
        samples: number of samples that each row without an error was evaluated on.
        rows: the rows by method, then by T.
        outputs: the outputs and their tasks; none if no row could be measured.
        energy: what an operation was taken to cost.
        left_out: a sentence for each method that "all" had to leave out.
    """

    samples: int
    rows: tuple[ComparedRow, ...]
    outputs: tuple[ComparedOutput, ...]
    energy: EnergyModel = DEFAULT
    left_out: tuple[str, ...] = ()

    def series(self) -> tuple[str, dict[str, list[ComparedRow]]]:
        """Return what rows without an error differ in along a curve, and the curves.

        That is "timesteps", or an option: the only one that has several values, where
        there is a single T. Curves are by the method with its other options.
        """
        rows = [row for row in self.rows if row.error is None]
        values: dict[str, set[Any]] = {}
        for row in rows:
            for name, value in row.options.items():
                values.setdefault(name, set()).add(value)
        several = [name for name, found in values.items() if len(found) > 1]
        over = "timesteps"
        if len(several) == 1 and len({row.timesteps for row in rows}) == 1:
            (name,) = several
            over = name if all(map(_is_number, values[name])) else over
        curves: dict[str, list[ComparedRow]] = {}
        for row in rows:
            others = {k: v for k, v in row.options.items() if k != over}
            curves.setdefault(label(row.method, others), []).append(row)
        return over, curves

    @property
    def task(self) -> str | None:
        """The name of the first output's task; None if nothing was measured."""
        return self.outputs[0].task if self.outputs else None

    @property
    def metric(self) -> str | None:
        """The name of that task's score; None if nothing was measured."""
        return self.outputs[0].metric if self.outputs else None

    @property
    def ann_score(self) -> float | None:
        """The score of the original network; None without labels."""
        return self.outputs[0].ann_score if self.outputs else None

    @property
    def ann_accuracy(self) -> float | None:
        """The accuracy of the original network; None if this is no classification."""
        return self.ann_score if self.task == "classification" else None

    @property
    def kind(self) -> type[Task] | None:
        """The class of the first output's task; None if nothing was measured."""
        return self.outputs[0].kind if self.outputs else None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict: samples, task, scores of the ANN, rows, energy."""
        found = {"samples": self.samples, **scored_head(self.outputs)}
        found["rows"] = [row.to_dict(self.kind) for row in self.rows]
        found["energy"] = self.energy.to_dict()
        if len(self.outputs) > 1:
            found["outputs"] = [asdict(output) for output in self.outputs]
        return found

    def to_csv(self) -> str:
        """Return the rows as CSV under a header; options are JSON, None is empty."""
        text = io.StringIO()
        names = [spec.name for spec in fields(ComparedRow)]
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            outputs = json.dumps(row.outputs) if row.outputs else None
            texts = {"options": json.dumps(row.options), "outputs": outputs}
            writer.writerow({**asdict(row), **texts})
        return text.getvalue()

    def __str__(self) -> str:
        columns = {
            "method": [row.label for row in self.rows],
            "alphabet": [row.alphabet or "-" for row in self.rows],
            "T": [_text(row.timesteps) for row in self.rows],
            "latency": [_text(row.latency) for row in self.rows],
            **self._judged(),
            "spikes": [_formatted(row.spikes, "{:,.0f}") for row in self.rows],
            "synops": [_formatted(row.synops, "{:,.0f}") for row in self.rows],
            "energy ratio": [
                _formatted(row.energy_ratio, "{:.3f}") for row in self.rows
            ],
            "ms/sample": [
                _formatted(row.seconds and 1000 * row.seconds, "{:.3g}")
                for row in self.rows
            ],
        }
        lines = columns_table(columns)
        failed = [row for row in self.rows if row.error is not None]
        for row in failed:
            steps = "" if row.timesteps is None else f", T={row.timesteps}"
            lines.append(f"{row.label}{steps}: {row.error}")
        several = len(self.outputs) > 1
        lines += [ann_line(output, several) for output in self.outputs]
        lines += below_the_table(self.samples, self.energy)
        return "\n".join(lines)

    def _judged(self) -> dict[str, list[str]]:
        """Return the columns of scores and nearness, of each output."""
        found = {}
        for output in self.outputs:
            of = f"{output.output} " if len(self.outputs) > 1 else ""
            rows = [
                row.outputs.get(output.output, {}) if of else vars(row)
                for row in self.rows
            ]
            score = [output.kind.text(row.get("score")) for row in rows]
            if any(row.get("score") is not None for row in rows):
                found[of + output.metric.replace("_", " ")] = score
            if output.kind.decides:
                found[f"{of}agreement"] = [
                    percent(row.get("agreement")) for row in rows
                ]
            errors = [percent(row.get("output_error")) for row in rows]
            found[f"{of}output error"] = errors
        return found


def _formatted(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
