"""A figure that compares methods over time: shares and costs, a panel each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tfsnn.analysis.plot.axes import cost_axis, share_axis, time_axis
from tfsnn.analysis.plot.style import HEIGHT, INK, WIDTH, legend, look, new, styled
from tfsnn.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfsnn.analysis.comparison import ComparedRow

# Attribute of a row, name of the axis, what one of its units is.
SHARES = (("accuracy", "Accuracy (%)", 0.01), ("agreement", "Agreement (%)", 0.01))
COSTS = (
    ("spikes", "Spikes per sample", 1.0),
    ("synops", "Synaptic operations per sample", 1.0),
    ("energy_ratio", "Energy, SNN / ANN", 1.0),
    ("seconds", "Milliseconds per sample", 0.001),
)
COLUMNS = 2


@styled
def comparison(
    rows_by_label: Mapping[str, Sequence[ComparedRow]],
    ann_accuracy: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw a comparison: panels over time steps, a curve in each for each label.

    Accuracy and agreement are in per cent. Costs are on logarithmic axes, which have no
    place for 0. Empty panels are left out.

    Args:
        rows_by_label: rows whose attributes ``accuracy``, ``agreement``, ``spikes``,
            ``synops``, ``energy_ratio`` and ``seconds`` are drawn, None where unknown.
        ann_accuracy: 0..1, drawn as a dashed line.
        title: text above the figure.

    Raises:
        OptionError: if there is nothing to draw.
    """
    panels = []
    for name, axis, unit in SHARES + COSTS:
        share = (name, axis, unit) in SHARES
        curves = {
            label: sorted(
                (row.timesteps, value / unit)
                for row in rows
                if row.timesteps and (value := getattr(row, name)) is not None
                if share or value > 0
            )
            for label, rows in rows_by_label.items()
        }
        if any(curves.values()):
            panels.append((name, axis, share, curves))
    if not panels:
        raise OptionError(
            f"the comparison {title or ''!r} cannot be drawn: give at least one row "
            f"with a share or a cost, not {dict(rows_by_label)}"
        )
    drawn = [curve for *_, curves in panels for curve in curves.values()]
    steps = sorted({step for points in drawn for step, _ in points})
    columns = min(len(panels), COLUMNS)
    lines = -(-len(panels) // columns)
    width, height = columns * WIDTH, lines * 0.85 * HEIGHT
    figure, grid = new(width, height, nrows=lines, ncols=columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    for axes, (name, axis, share, curves) in zip(grid.flat, panels, strict=False):
        for i, (label, points) in enumerate(curves.items()):
            if points:
                axes.plot(*zip(*points, strict=True), label=label, **look(i))
        if name == "accuracy" and ann_accuracy is not None:
            level = f"ANN, {ann_accuracy:.2%}"
            axes.axhline(
                100 * ann_accuracy, color=INK, linestyle="--", linewidth=1, label=level
            )
        time_axis(axes, steps)
        if share:
            share_axis(axes)
        else:
            values = [value for points in curves.values() for _, value in points]
            cost_axis(axes.yaxis, values)
        axes.set_ylabel(axis)
    legend(figure, title)
    return figure
