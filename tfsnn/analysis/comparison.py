"""The result of a comparison of methods, as a table, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from tfsnn.hardware.energy import DEFAULT, EnergyProfile
from tfsnn_numpy.results import below_the_table, table


def label(method: str, options: Mapping[str, Any]) -> str:
    """Return a method with its options as text."""
    texts = [
        f"{key}={'none' if value is None else value}" for key, value in options.items()
    ]
    return f"{method} ({', '.join(texts)})" if texts else method


@dataclass(frozen=True)
class ComparedRow:
    """A method, converted for a number of steps and evaluated after all of them.

    Counts are per sample, as in :class:`tfsnn.analysis.evaluate.Row`. Where there is an
    `error`, all measurements are None.

    Attributes:
        method: the method's name.
        options: those given or set by the alphabet; the others have their defaults.
        alphabet: what a spike may carry
            (:func:`tfsnn.conversion.methods.alphabet.alphabet_of`).
        timesteps: T; None if the method cannot send the alphabet at any T.
        latency: steps until the last layer has finished.
        accuracy: share of samples whose label is the top class; None without labels.
        agreement: share of samples with the ANN's top class.
        spikes: events, whatever their coefficient.
        synops: accumulates, a spike of coefficient c counted as abs(c).
        energy_ratio: energy of the SNN over that of the ANN, by `synops`.
        seconds: time of simulation per sample (:func:`tfsnn.compare`).
        error: the reason why the method could not be measured, or None.
    """

    method: str
    options: Mapping[str, Any]
    alphabet: str | None
    timesteps: int | None
    latency: int | None = None
    accuracy: float | None = None
    agreement: float | None = None
    spikes: float | None = None
    synops: float | None = None
    energy_ratio: float | None = None
    seconds: float | None = None
    error: str | None = None

    @property
    def label(self) -> str:
        """The method with its options."""
        return label(self.method, self.options)


@dataclass(frozen=True)
class Comparison:
    """The result of :func:`tfsnn.compare`.

    Attributes:
        ann_accuracy: accuracy of the original network; None without labels.
        samples: number of samples that each row without an error was evaluated on.
        rows: the rows by method, then by T.
        energy: what an operation was taken to cost.
        left_out: a sentence for each method that "all" had to leave out.
    """

    ann_accuracy: float | None
    samples: int
    rows: tuple[ComparedRow, ...]
    energy: EnergyProfile = DEFAULT
    left_out: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict: ann_accuracy, samples, rows, energy."""
        return {
            "ann_accuracy": self.ann_accuracy,
            "samples": self.samples,
            "rows": [asdict(row) for row in self.rows],
            "energy": asdict(self.energy),
        }

    def to_csv(self) -> str:
        """Return the rows as CSV under a header; options are JSON, None is empty."""
        text = io.StringIO()
        names = [spec.name for spec in fields(ComparedRow)]
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            writer.writerow({**asdict(row), "options": json.dumps(row.options)})
        return text.getvalue()

    def __str__(self) -> str:
        header = ["method", "alphabet", "T", "latency", "accuracy", "agreement"]
        header += ["spikes", "synops", "energy ratio", "ms/sample"]
        lines = table(header, [_cells(row) for row in self.rows])
        failed = [row for row in self.rows if row.error is not None]
        for row in failed:
            steps = "" if row.timesteps is None else f", T={row.timesteps}"
            lines.append(f"{row.label}{steps}: {row.error}")
        if self.ann_accuracy is not None:
            lines.append(f"ANN accuracy {100 * self.ann_accuracy:.2f} %")
        lines += below_the_table(self.samples, self.energy)
        return "\n".join(lines)


def _cells(row: ComparedRow) -> list[str]:
    milliseconds = None if row.seconds is None else 1000 * row.seconds
    return [
        row.label,
        row.alphabet or "-",
        _text(row.timesteps),
        _text(row.latency),
        _formatted(row.accuracy, "{:.2%}").replace("%", " %"),
        _formatted(row.agreement, "{:.2%}").replace("%", " %"),
        _formatted(row.spikes, "{:,.0f}"),
        _formatted(row.synops, "{:,.0f}"),
        _formatted(row.energy_ratio, "{:.3f}"),
        _formatted(milliseconds, "{:.3g}"),
    ]


def _formatted(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
