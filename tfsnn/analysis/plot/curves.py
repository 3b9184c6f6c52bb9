"""Figures of what is measured against time steps, and of methods beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfsnn.analysis.intervals import Interval, wilson
from tfsnn.analysis.plot.style import HEIGHT, INK, MARKERS, WIDTH, new, styled
from tfsnn.analysis.plot.svg import COLOURS
from tfsnn.errors import OptionError
from tfsnn.extras import require

if TYPE_CHECKING:
    from tfsnn.analysis.compare.comparison import ComparedRow
    from tfsnn.analysis.evaluate import Evaluation

PER_CENT = 100.0


@styled
def over_time(
    curves: Mapping[str, Sequence[tuple[int, Interval]]],
    axis: str,
    *,
    level: tuple[str, float] | None = None,
    unit: float = 1.0,
) -> Any:
    """Draw estimates with their intervals against time steps, a curve for each name.

    Args:
        curves: by name, pairs of time steps, from 1 up, and estimate.
        axis: what the estimates are, with their unit.
        level: name and value of a dashed line across, such as the ANN's.
        unit: by which all values are divided.

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
        colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
        axes.plot(x, values, color=colour, marker=marker, label=name)
        axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        # Of a single step the band has no width.
        axes.vlines(x, low, high, color=colour, linewidth=0.8)
    if level is not None:
        name, value = level
        axes.axhline(value / unit, color=INK, linestyle="--", linewidth=1, label=name)
    _time_axis(axes, steps)
    axes.set_ylabel(axis)
    if len(curves) > 1 or level is not None:
        figure.legend(loc="outside upper center", ncols=2)  # never over the curves
    return figure


def accuracy(found: Evaluation) -> Any:
    """Draw accuracy and agreement with the ANN, in per cent, against time steps.

    Bands are Wilson intervals at 95 %. Raises OptionError where neither was measured.
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
    return over_time(curves, "Share of samples (%)", level=level, unit=1 / PER_CENT)


@styled
def frontier(
    rows: Sequence[ComparedRow],
    best: Sequence[ComparedRow],
    ann_accuracy: float | None = None,
) -> Any:
    """Draw methods by energy and accuracy, a marker for each, and the frontier.

    Args:
        rows: with an energy ratio, and an accuracy or else an agreement.
        best: those that are on the frontier, the cheapest first.
        ann_accuracy: for a dashed line.

    Raises:
        OptionError: if there are no rows.
    """
    if not rows:
        raise OptionError("no frontier can be drawn: there are no rows with energies")
    labelled = all(row.accuracy is not None for row in rows)
    methods = list(dict.fromkeys(row.label for row in rows))
    lines = -(-len(methods) // 2)
    figure, axes = new(1.5 * WIDTH, HEIGHT + 0.17 * lines)

    def places(some: Sequence[ComparedRow]) -> tuple[list[Any], list[float]]:
        shares = [row.accuracy if labelled else row.agreement for row in some]
        return [row.energy_ratio for row in some], [
            PER_CENT * (share or 0.0) for share in shares
        ]

    axes.step(*places(best), where="post", color=INK, linewidth=1, label="frontier")
    for i, method in enumerate(methods):
        of_method = [row for row in rows if row.label == method]
        axes.plot(
            *places(of_method),
            color=COLOURS[i % len(COLOURS)],
            marker=MARKERS[(i + i // len(COLOURS)) % len(MARKERS)],
            linestyle="",
            label=method,
        )
    for row, x, y in zip(best, *places(best), strict=True):
        above = {"xytext": (0, 5), "textcoords": "offset points"}
        axes.annotate(f"T={row.timesteps}", (x, y), **above, fontsize=7, ha="right")
    if labelled and ann_accuracy is not None:
        axes.axhline(
            PER_CENT * ann_accuracy, color=INK, linestyle="--", linewidth=1, label="ANN"
        )
    axes.set_xscale("log")
    axes.set_xlabel("Energy, SNN / ANN")
    axes.set_ylabel("Accuracy (%)" if labelled else "Agreement with the ANN (%)")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _time_axis(axes: Any, steps: Sequence[int]) -> None:
    """Logarithmic, with a tick at each number of steps."""
    ticker = require("matplotlib.ticker", "plot", "A figure")
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(ticker.FixedLocator(list(steps)))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.xaxis.set_major_formatter(ticker.FormatStrFormatter("%d"))
    axes.set_xlabel("Time steps")
