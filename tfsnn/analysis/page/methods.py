"""Read the results of ``tfsnn compare``, and find their frontier."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

from tfsnn.analysis.compare.checkpoint import RESULTS
from tfsnn.analysis.comparison import ComparedRow, Comparison
from tfsnn.analysis.frontier import frontier
from tfsnn.errors import DataError
from tfsnn.hardware.energy import DEFAULT, EnergyProfile
from tfsnn_numpy.json_text import check_form, read_json


class Compared(TypedDict):
    """The form of compare.json."""

    ann_accuracy: float | None
    samples: int
    rows: list[ComparedRow]
    energy: NotRequired[EnergyProfile]


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
        energy = DEFAULT  # files without a profile were computed with this one
        if "energy" in content:
            energy = EnergyProfile(**content["energy"])
        rows = tuple(ComparedRow(**row) for row in content["rows"])
        return Comparison(content["ann_accuracy"], content["samples"], rows, energy)
    except (OSError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(
            f"{file} holds no comparison ({reason}); give the folder that tfsnn "
            "compare --output wrote, or its compare.json"
        ) from error


def measured_rows(comparison: Comparison) -> list[ComparedRow]:
    """Return the rows that have an energy and a share of samples."""
    return [
        row
        for row in comparison.rows
        if row.energy_ratio is not None and _share(row) is not None
    ]


def frontier_of(rows: Sequence[ComparedRow]) -> tuple[ComparedRow, ...]:
    """Return the rows that no other beats in energy and share, the cheapest first.

    The share is accuracy, or agreement where there are no labels.
    """
    return frontier(
        rows, lambda row: (row.energy_ratio or 0.0,), lambda row: -(_share(row) or 0.0)
    )


def _share(row: ComparedRow) -> float | None:
    return row.agreement if row.accuracy is None else row.accuracy
