"""Read the results of ``tfsnn compare``, and find their frontier."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from tfsnn.analysis.compare.checkpoint import RESULTS
from tfsnn.analysis.comparison import ComparedOutput, ComparedRow, Comparison
from tfsnn.analysis.frontier import frontier, judged_by
from tfsnn.errors import DataError
from tfsnn.hardware.energy import DEFAULT, EnergyModel, read_profile
from tfsnn_numpy.json_text import check_form, read_json


class Compared(TypedDict):
    """The form of compare.json."""

    samples: int
    rows: list[ComparedRow]
    outputs: NotRequired[list[ComparedOutput]]
    task: NotRequired[str | None]
    metric: NotRequired[str | None]
    ann_score: NotRequired[float | None]
    energy: NotRequired[dict[str, Any]]


def read_comparison(path: str | os.PathLike[str]) -> Comparison:
    """Read the folder that ``tfsnn compare --output`` wrote, or its compare.json.

    Raises:
        DataError: if that is not there, or is something else.
    """
    path = Path(path)
    file = path / RESULTS[1] if path.is_dir() else path
    try:
        content = read_json(file)
        check_form(content, Compared)
        rows = tuple(ComparedRow(**row) for row in content["rows"])
        outputs = tuple(ComparedOutput(**each) for each in _outputs(content))
        energy: EnergyModel = (
            DEFAULT  # files without a profile were computed with this one
        )
        if "energy" in content:
            energy = read_profile(content["energy"])
        return Comparison(content["samples"], rows, outputs, energy)
    except (OSError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(
            f"{file} holds no comparison ({reason}); give the folder that tfsnn "
            "compare --output wrote, or its compare.json"
        ) from error


def _outputs(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what is known of the outputs: of several a list, else of the first."""
    if "outputs" in content:
        return content["outputs"]
    if content.get("task") is None or content.get("metric") is None:
        return []
    known = {key: content.get(key) for key in ("task", "metric", "ann_score")}
    return [{"output": "", **known}]


def measured_rows(comparison: Comparison) -> list[ComparedRow]:
    """Return the rows that have an energy, and a figure by which they are judged."""
    rows = [row for row in comparison.rows if row.energy_ratio is not None]
    by = judged_by(rows)
    return [row for row in rows if getattr(row, by) is not None]


def frontier_of(rows: Sequence[ComparedRow]) -> tuple[ComparedRow, ...]:
    """Return the rows that no other beats in energy and score, the cheapest first.

    By agreement where there are no labels, by the error of outputs where a task has no
    decisions either (:func:`tfsnn.analysis.frontier.judged_by`).
    """
    by = judged_by(rows)
    sign = 1 if by == "output_error" else -1
    return frontier(
        rows,
        lambda row: (row.energy_ratio or 0.0,),
        lambda row: sign * (getattr(row, by) or 0.0),
    )
