"""Format numbers for the readers of the page."""

from __future__ import annotations

import math

from tfsnn.analysis.intervals import Interval
from tfsnn_numpy.tasks import Task

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
JOULES = ((1e12, "J"), (1e9, "mJ"), (1e6, "µJ"), (1e3, "nJ"))  # in picojoules
NONE = "–"


def share(value: float | None) -> str:
    """Format a share of 0..1 in per cent."""
    return NONE if value is None else f"{100 * value:.2f} %"


def share_interval(estimate: Interval | None) -> str:
    """Format the bounds of an interval of shares in per cent."""
    if estimate is None or math.isnan(estimate.low):
        return NONE
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f} %"


def score_interval(task: Task, estimate: Interval | None) -> str:
    """Format the bounds of an interval of a task's score, in its unit."""
    if task.unit == "%" or estimate is None or math.isnan(estimate.low):
        return share_interval(estimate)
    return f"{task.text(estimate.low)} to {task.text(estimate.high)}"


def count(value: float) -> str:
    """Format a number with a prefix: ``1.23 M``."""
    for size, prefix in PREFIXES:
        if abs(value) >= size:
            return f"{value / size:.3g} {prefix}"
    return f"{value:.3g}"


def energy(picojoules: float) -> str:
    """Format an energy in its unit: ``1.23 µJ``."""
    size, unit = joules(picojoules)
    return f"{picojoules / size:.3g} {unit}"


def joules(picojoules: float) -> tuple[float, str]:
    """Choose the unit for an energy: return its picojoules, and its name."""
    for size, unit in JOULES:
        if abs(picojoules) >= size:
            return size, unit
    return 1.0, "pJ"


def half_width(estimate: Interval) -> str:
    """Format half of an interval in per cent of the estimate."""
    if not estimate.value or math.isnan(estimate.high):
        return NONE
    return f"± {100 * (estimate.high - estimate.value) / estimate.value:.2g} %"
