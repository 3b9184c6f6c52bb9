"""The Pareto frontier: the rows that no other row beats in cost and in loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Row = TypeVar("Row")


def frontier(
    rows: Iterable[Row],
    cost: Callable[[Row], tuple[float, ...]],
    loss: Callable[[Row], float],
) -> tuple[Row, ...]:
    """Return the rows that no other beats in cost and loss, the cheapest first.

    Args:
        rows: the rows in any order; of equals the first counts.
        cost: the cost of a row; where first numbers are equal the next ones decide.
        loss: the loss of a row.
    """
    found: list[Any] = []
    for row in sorted(rows, key=lambda row: (*cost(row), loss(row))):
        if not found or loss(row) < loss(found[-1]):
            found.append(row)
    return tuple(found)


def judged_by(rows: Iterable[Any]) -> str:
    """Return the name of the figure by which all rows can be told apart.

    That is "score", or "agreement" without labels, or "output_error" for a task without
    decisions, which is the better the smaller it is.
    """
    rows = list(rows)
    for name in ("score", "agreement"):
        if all(getattr(row, name) is not None for row in rows):
            return name
    return "output_error"
