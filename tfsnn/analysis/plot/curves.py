"""Figures of measurements against time steps, and of methods against their energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfsnn.analysis.intervals import Interval, wilson
from tfsnn.analysis.plot.axes import cost_axis, share_axis, time_axis
from tfsnn.analysis.plot.style import HEIGHT, INK, WIDTH, legend, look, new, styled
from tfsnn.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfsnn.analysis.comparison import ComparedRow
    from tfsnn.analysis.evaluate import Evaluation

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
    time_axis(axes, steps)
    axes.set_ylabel(axis)
    if len(curves) > 1 or level is not None or title is not None:
        legend(figure, title)
    return figure


def accuracy(found: Evaluation, title: str | None = None) -> Figure:
    """Draw accuracy and agreement with the ANN, in per cent, against time steps.

    Bands are Wilson intervals at 95 %.

    Args:
        found: result of :func:`tfsnn.evaluate`.
        title: text above the figure.

    Raises:
        OptionError: where neither was measured.
    """
    curves = {}
    for name in ("accuracy", "agreement"):
        shares = [(row.timesteps, getattr(row, name)) for row in found.rows]
        points = [
            (steps, wilson(round(share * found.samples), found.samples))
            for steps, share in shares
            if share is not None
        ]
        if points:
            curves[name.capitalize()] = points
    ann = found.ann_accuracy
    level = None if ann is None else (f"ANN, {ann:.2%}", ann)
    axis = "Share of samples (%)"
    figure = over_time(curves, axis, level=level, unit=1 / PER_CENT, title=title)
    share_axis(figure.axes[0])
    return figure


@styled
def frontier(
    rows: Sequence[ComparedRow],
    best: Sequence[ComparedRow],
    ann_accuracy: float | None = None,
) -> Figure:
    """Draw methods by energy and accuracy, a marker for each, and the frontier.

    Args:
        rows: rows with an energy ratio, and an accuracy or else an agreement.
        best: the rows on the frontier, the cheapest first.
        ann_accuracy: 0..1, drawn as a dashed line.

    Raises:
        OptionError: if there are no rows.
    """
    if not rows:
        raise OptionError("no frontier can be drawn: there are no rows with energies")
    labelled = all(row.accuracy is not None for row in rows)
    methods = list(dict.fromkeys(row.label for row in rows))
    figure, axes = new(1.5 * WIDTH, HEIGHT)

    def places(some: Sequence[ComparedRow]) -> tuple[list[Any], list[float]]:
        shares = [row.accuracy if labelled else row.agreement for row in some]
        return [row.energy_ratio for row in some], [
            PER_CENT * (share or 0.0) for share in shares
        ]

    axes.step(*places(best), where="post", color=INK, linewidth=1, label="frontier")
    for i, method in enumerate(methods):
        of_method = [row for row in rows if row.label == method]
        axes.plot(*places(of_method), linestyle="", label=method, **look(i))
    for row, x, y in zip(best, *places(best), strict=True):
        above = {"xytext": (0, 5), "textcoords": "offset points"}
        axes.annotate(f"T={row.timesteps}", (x, y), **above, fontsize=7, ha="right")
    if labelled and ann_accuracy is not None:
        axes.axhline(
            PER_CENT * ann_accuracy, color=INK, linestyle="--", linewidth=1, label="ANN"
        )
    cost_axis(axes.xaxis, [row.energy_ratio or 0.0 for row in rows])
    axes.set_xlabel("Energy, SNN / ANN")
    axes.set_ylabel("Accuracy (%)" if labelled else "Agreement with the ANN (%)")
    legend(figure, below=True)
    return figure
