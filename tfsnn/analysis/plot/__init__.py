"""Figures of networks and of what was measured.

The functions here return a ``matplotlib.figure.Figure``; :func:`save` writes it to a
file, :func:`svg` makes a text of it. matplotlib is imported with the first figure.
"""

from tfsnn.analysis.plot.bars import decoded, errors, layers
from tfsnn.analysis.plot.curves import over_time
from tfsnn.analysis.plot.evaluation import evaluation
from tfsnn.analysis.plot.frontier import frontier
from tfsnn.analysis.plot.panels import comparison
from tfsnn.analysis.plot.spikes import potentials, raster
from tfsnn.analysis.plot.style import save, svg

__all__ = [
    "comparison",
    "decoded",
    "errors",
    "evaluation",
    "frontier",
    "layers",
    "over_time",
    "potentials",
    "raster",
    "save",
    "svg",
]
