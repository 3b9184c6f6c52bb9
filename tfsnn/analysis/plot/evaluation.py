"""Figures of what a task measures: its score, agreement, and the error of outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tfsnn.analysis.intervals import Interval, alone, normal, wilson
from tfsnn.analysis.plot.axes import share_axis
from tfsnn.analysis.plot.curves import PER_CENT, draw_over_time
from tfsnn.analysis.plot.style import HEIGHT, WIDTH, legend, new, styled
from tfsnn.errors import OptionError
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.tasks import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfsnn.analysis.evaluate import Evaluation

AGREEMENT, ERROR = "Agreement with the ANN", "Output error"
OF_DEVIATION = "Output error (% of the deviation)"
Points = Sequence[tuple[int, Interval]]


class Panel(NamedTuple):
    """Curves that share an axis.

    Attributes:
        axis: what the values are, with their unit.
        curves: by name, pairs of time steps and estimate.
        level: name and value of a dashed line across, or None.
        unit: the number that all values are divided by.
        shares: whether values are shares, 0..1.
    """

    axis: str
    curves: dict[str, Points]
    level: tuple[str, float] | None
    unit: float
    shares: bool


def score_axis(task: type[Task]) -> tuple[str, float]:
    """Return what the axis of a task's score says, and the number to divide by."""
    if task.unit == "%":
        return f"{task.title()} (%)", 1 / PER_CENT
    return (f"{task.title()} ({task.unit})" if task.unit else task.title()), 1.0


def panels_of(
    task: type[Task],
    score: Points,
    agreement: Points,
    error: Points,
    ann_score: float | None = None,
) -> list[Panel]:
    """Return the panels of an output: each of the points may be none.

    A score in per cent shares its panel with the agreement. The error of outputs has
    one where there is no agreement.

    Args:
        task: the class of the output's task.
        score, agreement, error: pairs of time steps and estimate.
        ann_score: the ANN's score, a dashed line.
    """
    level = None
    if score and ann_score is not None:
        level = (f"ANN, {task.text(ann_score)}", ann_score)
    shares = {AGREEMENT: agreement} if agreement else {}
    panels = []
    axis, unit = score_axis(task)
    if score and task.unit == "%":
        if agreement:
            axis = f"{task.title()} and agreement (%)"
        panels.append(Panel(axis, {task.title(): score, **shares}, level, unit, True))
    else:
        if score:
            panels.append(Panel(axis, {task.title(): score}, level, unit, False))
        if agreement:
            panels.append(Panel(f"{AGREEMENT} (%)", shares, None, 1 / PER_CENT, True))
    if error and not agreement:
        curves = {ERROR: error}
        panels.append(Panel(OF_DEVIATION, curves, None, 1 / PER_CENT, False))
    return panels


@styled
def evaluation(found: Evaluation, title: str | None = None) -> Figure:
    """Draw the score of each output and how near it is to the ANN against time steps.

    Agreement is drawn beside a score in per cent; the error of outputs where a task has
    no decisions. Bands are 95 % intervals, where they follow from the result: Wilson's
    for shares of samples.

    Args:
        found: result of :func:`tfsnn.evaluate`.
        title: text above the figure.

    Raises:
        OptionError: where nothing was measured of any output.
    """
    steps = [row.timesteps for row in found.rows]
    panels = [
        (judged.output, panel)
        for judged in found.outputs
        for panel in _panels(judged, steps, found.samples)
    ]
    if not panels:
        raise OptionError(
            "an evaluation without labels and without the ANN cannot be drawn: "
            "evaluate with labels, or with the model that was converted (--ann, "
            "ann=...)"
        )
    height = HEIGHT if len(panels) == 1 else 0.85 * HEIGHT * len(panels)
    figure, grid = new(WIDTH, height, nrows=len(panels), squeeze=False)
    for axes, (output, panel) in zip(grid[:, 0], panels, strict=True):
        if len(found.outputs) > 1:
            axes.set_title(output, fontsize=8, loc="left")
        draw_over_time(axes, panel.curves, panel.axis, panel.level, panel.unit)
        if found.over_time:
            axes.set_xlabel("Frames")
        if panel.shares:
            share_axis(axes)
    curves = {name for _, panel in panels for name in panel.curves}
    if len(curves) > 1 or title or any(panel.level for _, panel in panels):
        legend(figure, title)
    return figure


def _panels(judged: Judged, steps: Sequence[int], samples: int) -> list[Panel]:
    """Return the panels of an output of an evaluation."""
    task, figures = judged.kind, judged.figures
    counted = min(samples, task.kept or samples)

    def of_samples(share: float) -> Interval:
        if task.unit == "%" and task.decided == "samples":
            return wilson(round(share * counted), counted)
        return alone(share)

    rows = list(zip(steps, figures, strict=True))
    return panels_of(
        task,
        [(t, of_samples(f.score)) for t, f in rows if f.score is not None],
        [(t, of_samples(f.agreement)) for t, f in rows if f.agreement is not None],
        [
            (t, normal(f.output_error, f.error_deviation or 0.0))
            for t, f in rows
            if f.output_error is not None
        ],
        judged.ann_score,
    )
