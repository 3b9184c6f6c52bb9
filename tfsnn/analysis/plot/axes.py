"""Axes of figures: time steps, shares and costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tfsnn.analysis.plot.style import WIDTH

DIGIT, GAP = 0.072, 0.05  # inches: the width of a digit of a tick's label, and between
ROOM = 0.7 * WIDTH  # inches between the first time step and the last, at least
LEAST = 2.0  # per cent that an axis of shares spans at least
FEW = 100  # a span of values below it has ticks between the powers of ten


def time_axis(axes: Any, steps: Sequence[int]) -> None:
    """Make the horizontal axis logarithmic, with a tick at each number of steps.

    Of numbers that would overlap only the larger one is written.

    Args:
        axes: axes of matplotlib.
        steps: numbers of time steps in order, from 1 up.
    """
    axes.set_xscale("log", base=2)
    labels, free = [], math.inf
    span = math.log2(steps[-1] / steps[0]) or 1.0
    for step in reversed(steps):
        place = ROOM * math.log2(step / steps[0]) / span
        half = len(str(step)) * DIGIT / 2
        fits = place + half <= free
        labels.append(str(step) if fits else "")
        free = place - half - GAP if fits else free
    axes.set_xticks(steps, labels[::-1])
    axes.minorticks_off()
    axes.set_xlabel("Time steps")


def share_axis(axes: Any) -> None:
    """Bound the vertical axis to 0..100 per cent, and to no less than LEAST."""
    low, high = axes.dataLim.intervaly
    low, high = min(low, 100 - LEAST), max(high, LEAST)
    room = max(LEAST - (high - low), 0.1 * (high - low)) / 2
    # Markers that lie on a bound are drawn whole.
    edge = 0.03 * (high - low + 2 * room)
    axes.set_ylim(max(low - room, -edge), min(high + room, 100 + edge))
    axes.ticklabel_format(axis="y", useOffset=False)


def cost_axis(axis: Any, values: Sequence[float]) -> None:
    """Make an axis logarithmic, its numbers short: 200, 5k, 10M.

    Args:
        axis: an axis of matplotlib, ``axes.xaxis`` or ``axes.yaxis``.
        values: the values that the ticks have to span; 0 has no place.
    """
    from matplotlib import ticker

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    shown = [value for value in values if value > 0] or [1.0]
    few = max(shown) / min(shown) < FEW
    axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if few else (1,)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: short(value)))
    axis.set_minor_locator(ticker.NullLocator())


def short(value: float) -> str:
    """Return a number with a letter for its thousands: ``2M``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
