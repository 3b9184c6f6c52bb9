"""A figure that compares methods over time: scores and costs, a panel each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tfsnn.analysis.plot.axes import cost_axis, share_axis, time_axis
from tfsnn.analysis.plot.evaluation import OF_DEVIATION, score_axis
from tfsnn.analysis.plot.style import HEIGHT, INK, WIDTH, legend, look, new, styled
from tfsnn.errors import OptionError
from tfsnn_numpy.tasks import TASKS, Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfsnn.analysis.comparison import ComparedRow

COSTS = (
    ("spikes", "Spikes per sample", 1.0),
    ("synops", "Synaptic operations per sample", 1.0),
    ("energy_ratio", "Energy, SNN / ANN", 1.0),
    ("seconds", "Milliseconds per sample", 0.001),
)
COLUMNS = 2


class _Panel(NamedTuple):
    """A panel: the attribute of a row, its axis, and what one of its units is."""

    name: str
    axis: str
    unit: float
    share: bool = False
    logarithmic: bool = False


def _panels(task: type[Task]) -> list[_Panel]:
    score, unit = score_axis(task)
    return [
        _Panel("score", score, unit, share=task.unit == "%"),
        _Panel("agreement", "Agreement (%)", 0.01, share=True),
        _Panel("output_error", OF_DEVIATION, 0.01),
        *(_Panel(*cost, logarithmic=True) for cost in COSTS),
    ]


def _place(row: ComparedRow, over: str) -> Any:
    """Return where a row is on the horizontal axis; None for nowhere."""
    return row.timesteps if over == "timesteps" else row.options.get(over)


@styled
def comparison(
    rows_by_label: Mapping[str, Sequence[ComparedRow]],
    ann_score: float | None = None,
    title: str | None = None,
    *,
    task: str = "classification",
    over: str = "timesteps",
) -> Figure:
    """Draw a comparison: panels over time steps, a curve in each for each label.

    The score is in the unit of its task; the error of outputs has a panel where there
    is no agreement. Costs are on logarithmic axes, which have no place for 0. Empty
    panels are left out.

    Args:
        rows_by_label: rows whose attributes ``score``, ``agreement``, ``output_error``,
            ``spikes``, ``synops``, ``energy_ratio`` and ``seconds`` are drawn, None
            where unknown.
        ann_score: the score of the ANN, drawn as a dashed line.
        title: text above the figure.
        task: name of the task (:mod:`tfsnn_numpy.tasks`) that the score is of.
        over: the horizontal axis: "timesteps", or an option of the rows' methods.

    Raises:
        OptionError: if there is nothing to draw.
    """
    kind = TASKS[task]
    curves_of = {
        panel: {
            label: sorted(
                (place, value / panel.unit)
                for row in rows
                if (place := _place(row, over)) is not None
                if (value := getattr(row, panel.name)) is not None
                if not panel.logarithmic or value > 0
            )
            for label, rows in rows_by_label.items()
        }
        for panel in _panels(kind)
    }
    panels = [panel for panel, curves in curves_of.items() if any(curves.values())]
    if "agreement" in (panel.name for panel in panels):
        panels = [panel for panel in panels if panel.name != "output_error"]
    if not panels:
        raise OptionError(
            f"the comparison {title or ''!r} cannot be drawn: give at least one row "
            f"with a score or a cost, not {dict(rows_by_label)}"
        )
    drawn = [points for panel in panels for points in curves_of[panel].values()]
    steps = sorted({step for points in drawn for step, _ in points})
    columns = min(len(panels), COLUMNS)
    lines = -(-len(panels) // columns)
    width, height = columns * WIDTH, lines * 0.85 * HEIGHT
    figure, grid = new(width, height, nrows=lines, ncols=columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    for axes, panel in zip(grid.flat, panels, strict=False):
        curves = curves_of[panel]
        for i, (label, points) in enumerate(curves.items()):
            if points:
                axes.plot(*zip(*points, strict=True), label=label, **look(i))
        if panel.name == "score" and ann_score is not None:
            level = f"ANN, {kind.text(ann_score)}"
            axes.axhline(
                ann_score / panel.unit,
                color=INK,
                linestyle="--",
                linewidth=1,
                label=level,
            )
        if over == "timesteps":
            time_axis(axes, steps)
        else:
            axes.set_xlabel(over)
        if panel.share:
            share_axis(axes)
        elif panel.logarithmic:
            values = [value for points in curves.values() for _, value in points]
            cost_axis(axes.yaxis, values)
        axes.set_ylabel(panel.axis)
    legend(figure, title)
    return figure
