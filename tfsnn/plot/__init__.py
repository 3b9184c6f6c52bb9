"""Figures of networks and of what was measured.

The functions here return a ``matplotlib.figure.Figure``; :func:`save` writes it to a
file, :func:`svg` makes a text of it. matplotlib is imported with the first figure.
"""

from tfsnn.plot.curves import accuracy, frontier, over_time
from tfsnn.plot.layers import decoded, errors, layers
from tfsnn.plot.panels import comparison
from tfsnn.plot.spikes import potentials, raster
from tfsnn.plot.style import save, svg

__all__ = [
    "accuracy",
    "comparison",
    "decoded",
    "errors",
    "frontier",
    "layers",
    "over_time",
    "potentials",
    "raster",
    "save",
    "svg",
]
