"""Write results: a document of rows, as the tables of a page and drawings."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click

from benchmarks.measure import described, machine
from benchmarks.report_files import write

Row = Mapping[str, Any]
Document = dict[str, Any]


class _Form(string.Formatter):
    """A formatter like ``str.format``, with more formats for the cells of tables.

    A field that is not there is a dash, ``.2p`` is per cent without the sign, ``.2m``
    millions, and a mapping ``name=value, name=value``; with ``()`` in brackets, behind
    a space.
    """

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        try:
            value, first = super().get_field(field_name, args, kwargs)
        except LookupError:
            return "-", field_name
        return "-" if value is None else value, first

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Mapping):
            listed = ", ".join(f"{name}={each}" for name, each in value.items())
            return f" ({listed})" if format_spec and listed else listed
        if value == "-":
            return value
        for letter, scale in (("p", 100), ("m", 1e-6)):
            if format_spec.endswith(letter):
                return format(scale * value, format_spec[:-1] + "f")
        return format(value, format_spec)


FORM = _Form()


def table(header: str, line: str, rows: Iterable[Row]) -> str:
    """Render rows as Markdown; `` | `` separates cells, and fields are in braces."""
    lines = [header, " | ".join(["---"] * (header.count(" | ") + 1))]
    lines += [FORM.vformat(line, (), row) for row in rows]
    return "\n".join(f"| {each} |" for each in lines)


@dataclass(frozen=True)
class Page:
    """The layout of a document: fields stand in braces and are written by `FORM`."""

    title: str
    intro: str
    tables: Sequence[tuple[str, str]] = ()  # header and line, of the document's rows
    blocks: Callable[[Document], Iterable[str]] = lambda document: ()  # behind them
    drawing: Callable[[Document], Any] | None = None  # a figure of matplotlib

    def text(self, document: Document) -> str:
        """Render a document as Markdown; `machine` is written in one line."""
        fields = {**document, "machine": described(document["machine"])}
        blocks = [f"# {self.title}", self.intro]
        blocks = [FORM.vformat(block, (), fields) for block in blocks]
        blocks += [table(*each, document["rows"]) for each in self.tables]
        return "\n\n".join([*blocks, *filter(None, self.blocks(document))]) + "\n"


class Report:
    """A document in the making: OUTPUT.json, OUTPUT.md and OUTPUT.svg of its rows."""

    def __init__(
        self, output: Path, page: Page, keep: bool = False, **document: Any
    ) -> None:
        """Start a document of these fields; rows that are there stay if `keep`."""
        self.output, self.page = output, page
        path = output.with_suffix(".json")
        before = (
            json.loads(path.read_text()) if keep and path.exists() else {"rows": []}
        )
        self.document: Document = {**before, "machine": machine(), **document}

    def add(self, row: Document, key: str = "rows") -> None:
        """Append a row, print it on standard error, and write all files."""
        click.echo(json.dumps(row), err=True)
        self.document.setdefault(key, []).append(row)
        self.write()

    def write(self) -> None:
        """Write the document, its page and its drawing."""
        figure = None
        if self.page.drawing and self.document["rows"]:
            figure = self.page.drawing(self.document)
        write(self.output, self.document, self.page.text(self.document), figure)


def bars(group: str, fields: Mapping[str, str], axis: str) -> Callable[[Document], Any]:
    """Return a drawing: for each row, in its group, a bar for each field by its label.

    Fields of the row stand in braces in groups and labels; `axis` has the unit.
    """

    def drawing(document: Document) -> Any:
        from tfsnn.analysis import plot

        groups: dict[str, dict[str, float]] = {}
        for row in document["rows"]:
            of_group = groups.setdefault(group.format_map(row), {})
            for label, field in fields.items():
                if field in row:
                    of_group[label.format_map(row)] = row[field]
        return plot.layers(groups, axis)

    return drawing


def curves(document: Document, title: str) -> Any:
    """Draw accuracy, and time where rows have it, against time steps."""
    from tfsnn.analysis import plot
    from tfsnn.analysis.intervals import wilson

    ann = document["ann_accuracy"]
    unknown = dict.fromkeys(("agreement", "output_error", "spikes", "synops"))
    points: dict[str, list[tuple[int, Any]]] = {}
    timed: dict[str, list[Any]] = {}
    for row in document["rows"]:
        t, accuracy, samples = row["timesteps"], row["accuracy"], document["samples"]
        interval = wilson(round(accuracy * samples), samples)
        points.setdefault(row["setting"], []).append((t, interval))
        if "milliseconds" in row:
            shown = {"timesteps": t, "score": accuracy, **unknown}
            shown["seconds"], shown["energy_ratio"] = row["milliseconds"] / 1e3, None
            timed.setdefault(row["setting"], []).append(SimpleNamespace(**shown))
    if timed:
        return plot.comparison(timed, ann, title)
    level = (f"ANN, {ann:.2%}", ann)
    return plot.over_time(points, "Accuracy (%)", level=level, unit=0.01, title=title)
