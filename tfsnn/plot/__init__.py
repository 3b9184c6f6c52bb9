"""Plots.

The functions here return a ``matplotlib.figure.Figure`` and need the extra `plot`;
:func:`svg` makes a text of it. What the commands draw without that package is written
by hand (:mod:`tfsnn.plot.svg`, :mod:`tfsnn.plot.svg_errors`).
"""

from tfsnn.plot.curves import accuracy, frontier, over_time
from tfsnn.plot.layers import decoded, errors, layers
from tfsnn.plot.spikes import potentials, raster
from tfsnn.plot.style import svg

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
