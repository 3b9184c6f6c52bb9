"""Figures of any estimates against time steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfsnn.analysis.intervals import Interval
from tfsnn.analysis.plot.axes import time_axis
from tfsnn.analysis.plot.style import INK, legend, look, new, styled
from tfsnn.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PER_CENT = 100.0


@styled
def over_time(
    curves: Mapping[str, Sequence[tuple[int, Interval]]],
    axis: str,
    *,
    level: tuple[str, float] | None = None,
    unit: float = 1.0,
    title: str | None = None,
) -> Figure:
    """Draw estimates with their intervals against time steps, a curve for each name.

    Args:
        curves: by name, pairs of time steps, from 1 up, and estimate.
        axis: what the estimates are, with their unit.
        level: name and value of a dashed line across, such as the ANN's.
        unit: the number that all values are divided by.
        title: text above the figure.

    Raises:
        OptionError: if there is nothing to draw, or time steps are below 1.
    """
    steps = sorted({step for points in curves.values() for step, _ in points})
    if not steps or steps[0] < 1:
        raise OptionError(
            f"{axis!r} cannot be drawn: give at least one estimate, at time steps "
            f"from 1 up, not {dict(curves)}"
        )
    figure, axes = new()
    draw_over_time(axes, curves, axis, level, unit)
    if len(curves) > 1 or level is not None or title is not None:
        legend(figure, title)
    return figure


def draw_over_time(
    axes: Any,
    curves: Mapping[str, Sequence[tuple[int, Interval]]],
    axis: str,
    level: tuple[str, float] | None,
    unit: float,
) -> None:
    """Draw what :func:`over_time` draws on axes of matplotlib."""
    for i, (name, points) in enumerate(curves.items()):
        x = [step for step, _ in points]
        values, low, high = (
            [estimate[j] / unit for _, estimate in points] for j in range(3)
        )
        colour = look(i)["color"]
        axes.plot(x, values, label=name, **look(i))
        axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        # Of a single step the band has no width.
        axes.vlines(x, low, high, color=colour, linewidth=0.8)
    if level is not None:
        name, value = level
        axes.axhline(value / unit, color=INK, linestyle="--", linewidth=1, label=name)
    time_axis(axes, sorted({step for points in curves.values() for step, _ in points}))
    axes.set_ylabel(axis)
