"""The search for the cheapest setting within the limits of losses.

For every T, from small to large, the candidates are judged; one that stays within the
limits needs no more steps, and one that could not be the cheapest any more is dropped,
for energy and latency grow with T. Higher and lower thresholds are tried around the
best, and synapses in bfloat16, which are taken if the drop still holds and
the machine computes in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from tfsnn.analysis.choose.candidates import Candidate
from tfsnn.analysis.choose.choice import (
    Tried,
    frontier_of,
    frontier_table,
    how_sure,
)
from tfsnn.analysis.comparison import ComparedOutput
from tfsnn.errors import CalibrationError
from tfsnn.hardware.bfloat16 import computes_in_bfloat16

THRESHOLD_SCALES = (0.8, 1.25)


class Judging(Protocol):
    """A judge of settings, which keeps its results."""

    samples: int
    outputs: tuple[ComparedOutput, ...]
    tried: list[Tried]
    left_out: list[str]

    def __call__(
        self,
        method: str,
        options: Mapping[str, Any],
        steps: int,
        precision: str | None = None,
    ) -> Tried | None:
        """Measure what a setting loses and costs; None if it cannot be measured."""
        ...


class Cheapest:
    """The cheapest setting so far, and what may still be cheaper."""

    def __init__(self, judge: Judging, minimise: str) -> None:
        """Start with no setting; `minimise` as in Search."""
        self.judge, self.minimise = judge, minimise
        self.best: Tried | None = None

    def by_steps(self, wanted: Sequence[Candidate], steps: Sequence[int]) -> None:
        """Try each candidate at more and more steps, while it can still be the best."""
        going: dict[int, Tried | None] = dict.fromkeys(range(len(wanted)))
        for t in steps:
            for i in list(going):
                if self._hopeless(going[i], t):
                    del going[i]
                    continue
                row = self.judge(wanted[i].method, wanted[i].options, t)
                if row is None or self._fits(row):
                    del going[i]
                else:
                    going[i] = row

    def by_thresholds(self, steps: Sequence[int]) -> None:
        """Try other thresholds for the best setting, at its T and the one before.

        Where no setting is within the drop, the closest one is varied.
        """
        if not self.judge.tried:
            return
        start = self.best or min(self.judge.tried, key=_excess)
        fewer = [t for t in steps if t < start.timesteps][-1:]
        usual = start.options.get("threshold_scale", 1.0)
        for t in (start.timesteps, *(fewer if self.best else ())):
            for factor in THRESHOLD_SCALES:
                options = {**start.options, "threshold_scale": usual * factor}
                row = self.judge(start.method, options, t)
                if row is not None:
                    self._fits(row)

    def by_precision(self) -> None:
        """Take bfloat16 for the best setting if it stays within the drop.

        Not on a machine that does not compute in it, where it would be slower.
        """
        best = self.best
        if best is None or not computes_in_bfloat16():
            return
        row = self.judge(best.method, best.options, best.timesteps, "bfloat16")
        if row is not None and row.fits:
            self.best = row

    def _fits(self, row: Tried) -> bool:
        """Return whether a setting is within the drop; keep it if it is the best."""
        if not row.fits:
            return False
        if self.best is None or self._cost(row) < self._cost(self.best):
            self.best = row
        return True

    def _hopeless(self, before: Tried | None, steps: int) -> bool:
        """Return whether a candidate costs too much, by its cost with fewer steps."""
        if self.best is None:
            return False
        if before is None:
            return self.minimise == "timesteps" and steps > self.best.timesteps
        more = steps - before.timesteps
        least = replace(before, timesteps=steps, latency=before.latency + more)
        return self._cost(least) >= self._cost(self.best)

    def _cost(self, row: Tried) -> tuple[float, float]:
        return row.cost(self.minimise)


def _excess(row: Tried) -> float:
    return row.worst.excess


def nothing_fits(search: Cheapest) -> CalibrationError:
    """Return the error for a search that found nothing, with what came close."""
    judge = search.judge
    if not judge.tried:
        return CalibrationError(
            "no setting could be measured:\n" + "\n".join(judge.left_out)
        )
    closest = min(judge.tried, key=_excess)
    worst = closest.worst
    option = "max_drop" if worst.kind == "drop" else "max_error"
    lines = [
        f"no setting stays within {worst.limit_text}; the closest is {closest.label}, "
        f"T={closest.timesteps}, with {worst.value:.2f}. Allow a larger {worst.kind} "
        f"(--{option.replace('_', '-')}, {option}=...), more steps (--timesteps, "
        "timesteps=...), or another alphabet. What was seen:",
        *frontier_table(frontier_of(judge.tried, search.minimise)),
        *how_sure(judge.samples, closest, judge.outputs),
    ]
    return CalibrationError("\n".join(lines))
