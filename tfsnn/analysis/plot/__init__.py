"""Plots.

The functions here return a ``matplotlib.figure.Figure`` and need the extra `plot`;
:func:`svg` makes a text of it. What the commands draw without that package is written
by hand (:mod:`tfsnn.analysis.plot.svg`, :mod:`tfsnn.analysis.plot.svg_errors`).
"""

from tfsnn.analysis.plot.bars import decoded, errors, layers
from tfsnn.analysis.plot.curves import accuracy, frontier, over_time
from tfsnn.analysis.plot.spikes import potentials, raster
from tfsnn.analysis.plot.style import svg

__all__ = [
    "accuracy",
    "decoded",
    "errors",
    "frontier",
    "layers",
    "over_time",
    "potentials",
    "raster",
    "svg",
]
