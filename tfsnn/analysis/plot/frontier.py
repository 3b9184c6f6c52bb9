"""The figure of methods by their energy and how well they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfsnn.analysis.frontier import judged_by
from tfsnn.analysis.plot.axes import cost_axis
from tfsnn.analysis.plot.curves import PER_CENT
from tfsnn.analysis.plot.evaluation import AGREEMENT, OF_DEVIATION, score_axis
from tfsnn.analysis.plot.style import HEIGHT, INK, WIDTH, legend, look, new, styled
from tfsnn.errors import OptionError
from tfsnn_numpy.tasks import TASKS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfsnn.analysis.comparison import ComparedRow


@styled
def frontier(
    rows: Sequence[ComparedRow],
    best: Sequence[ComparedRow],
    ann_score: float | None = None,
    *,
    task: str = "classification",
) -> Figure:
    """Draw methods by energy and score, a marker for each, and the frontier.

    Args:
        rows: rows with an energy ratio, and a score, or else an agreement, or else an
            error of outputs (:func:`tfsnn.analysis.frontier.judged_by`).
        best: the rows on the frontier, the cheapest first.
        ann_score: the score of the ANN, drawn as a dashed line.
        task: name of the task (:mod:`tfsnn_numpy.tasks`), for the axis.

    Raises:
        OptionError: if there are no rows.
    """
    if not rows:
        raise OptionError("no frontier can be drawn: there are no rows with energies")
    by = judged_by(rows)
    axis, unit = {
        "score": score_axis(TASKS[task]),
        "agreement": (f"{AGREEMENT} (%)", 1 / PER_CENT),
        "output_error": (OF_DEVIATION, 1 / PER_CENT),
    }[by]
    methods = list(dict.fromkeys(row.label for row in rows))
    figure, axes = new(1.5 * WIDTH, HEIGHT)

    def places(some: Sequence[ComparedRow]) -> tuple[list[Any], list[float]]:
        values = [(getattr(row, by) or 0.0) / unit for row in some]
        return [row.energy_ratio for row in some], values

    axes.step(*places(best), where="post", color=INK, linewidth=1, label="frontier")
    for i, method in enumerate(methods):
        of_method = [row for row in rows if row.label == method]
        axes.plot(*places(of_method), linestyle="", label=method, **look(i))
    for row, x, y in zip(best, *places(best), strict=True):
        above = {"xytext": (0, 5), "textcoords": "offset points"}
        axes.annotate(f"T={row.timesteps}", (x, y), **above, fontsize=7, ha="right")
    if by == "score" and ann_score is not None:
        axes.axhline(
            ann_score / unit, color=INK, linestyle="--", linewidth=1, label="ANN"
        )
    cost_axis(axes.xaxis, [row.energy_ratio or 0.0 for row in rows])
    axes.set_xlabel("Energy, SNN / ANN")
    axes.set_ylabel(axis)
    legend(figure, below=True)
    return figure
