"""The look of all figures: one size, one set of colours, and no global state."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

from tfsnn.analysis.plot.svg import COLOURS
from tfsnn.extras import require

INK, PALE = "#222222", "#d0d0d0"
POSITIVE, NEGATIVE = COLOURS[0], COLOURS[1]
MARKERS = "osD^vP"  # beside colours, for those who do not see them
WIDTH, HEIGHT = 4.2, 3.0  # inches: small enough to be read on a phone

STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": 9,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "legend.edgecolor": PALE,
    "legend.facecolor": "none",
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "tfsnn",  # the same figure is the same text
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 8,
    "ytick.color": INK,
    "ytick.labelsize": 8,
}


def styled(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function that returns a figure draw it in this style.

    matplotlib's own settings, which are of the whole process, stay as they are.
    """

    @functools.wraps(draw)
    def drawing(*args: Any, **kwargs: Any) -> Any:
        matplotlib = require("matplotlib", "plot", "A figure")
        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawing


def new(width: float = WIDTH, height: float = HEIGHT, **grid: Any) -> tuple[Any, Any]:
    """A figure and its axes, as of ``plt.subplots``; inches."""
    figure = require("matplotlib.figure", "plot", "A figure").Figure(
        figsize=(width, height), layout="constrained"
    )
    return figure, figure.subplots(**grid)


def svg(figure: Any) -> str:
    """A figure as an SVG document, its texts as texts."""
    matplotlib = require("matplotlib", "plot", "A figure")
    text = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()
