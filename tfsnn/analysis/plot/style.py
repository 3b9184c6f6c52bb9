"""The look of all figures: one size, one set of colours, and no global state."""

from __future__ import annotations

import functools
import io
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from tfsnn.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")

# Okabe & Ito's colours: told apart by colour-blind readers and on grey paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
INK, PALE = "#222222", "#d0d0d0"
POSITIVE, NEGATIVE = COLOURS[0], COLOURS[1]
MARKERS = "osD^vP"  # tell curves apart without colours
WIDTH, HEIGHT = 4.2, 3.0  # inches: small enough to be read on a phone
LETTER = 0.085  # inches: an upper bound of the mean width of a letter of a title
COLUMNS = 3  # columns of a legend, at most

STYLE: dict[Any, Any] = {
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
    "text.parse_math": False,  # "$" in the name of a layer is no formula
    "xtick.color": INK,
    "xtick.labelsize": 8,
    "ytick.color": INK,
    "ytick.labelsize": 8,
}


# Metadata that would make two files of one figure differ, by suffix of the file.
FORMATS: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
DPI = 200  # resolution of PNG files


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function that returns a figure draw it in this style.

    matplotlib's own settings, which are of the whole process, stay as they are.
    """

    @functools.wraps(draw)
    def drawing(*args: P.args, **kwargs: P.kwargs) -> Figure:
        import matplotlib

        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawing


def new(
    width: float = WIDTH, height: float = HEIGHT, **grid: Any
) -> tuple[Figure, Any]:
    """Make a figure and its axes as ``plt.subplots`` does; sizes are in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(**grid)


def look(i: int) -> dict[str, str]:
    """Return the colour and marker of curve number `i`; the first 36 all differ."""
    marker = MARKERS[(i + i // len(COLOURS)) % len(MARKERS)]
    return {"color": COLOURS[i % len(COLOURS)], "marker": marker}


def legend(figure: Figure, title: str | None = None, *, below: bool = False) -> None:
    """Add a legend outside the axes, by which the figure grows.

    Args:
        figure: the figure, whose curves have labels; a label that several axes share is
            shown once.
        title: text above the labels; shown even where there are none.
        below: whether the legend is below the axes instead of above.
    """
    named: dict[Any, Any] = {}
    for axes in figure.axes:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            named.setdefault(name, handle)
    width, height = figure.get_size_inches()
    lines = None if title is None else textwrap.fill(title, int(width / LETTER))
    if not named and lines is None:
        return
    for most in range(COLUMNS, 0, -1):  # as many columns as there is room for
        columns = -(-len(named) // -(-len(named) // most)) if named else 1  # full ones
        shown = figure.legend(
            list(named.values()),
            list(named),
            loc="outside lower center" if below else "outside upper center",
            ncols=columns,
            title=lines,
            title_fontsize=10,
        )
        box = shown.get_window_extent()
        if box.width <= width * figure.dpi or most == 1:
            break
        shown.remove()
    figure.set_size_inches(
        max(width, box.width / figure.dpi), height + box.height / figure.dpi
    )


def svg(figure: Figure) -> str:
    """Return a figure as an SVG document on transparent ground, its texts as texts."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(text, format="svg", metadata=FORMATS[".svg"])
    return text.getvalue()


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file, on white ground; the same figure is the same file.

    Args:
        figure: as one of the functions of :mod:`tfsnn.analysis.plot` returns it.
        path: file that ends in .svg, .png or .pdf; it is replaced if it exists.

    Raises:
        OptionError: for another suffix.
    """
    import matplotlib

    suffix = Path(path).suffix
    if suffix not in FORMATS:
        raise OptionError(
            f"a figure cannot be written to {os.fspath(path)!r}: give a file that "
            f"ends in {', '.join(FORMATS)}"
        )
    with matplotlib.rc_context(STYLE):
        figure.savefig(
            path,
            format=suffix[1:],
            facecolor="white",
            dpi=DPI,
            metadata=FORMATS[suffix],
        )
