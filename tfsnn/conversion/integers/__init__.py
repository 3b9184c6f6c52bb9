"""Integer networks: all weights, thresholds and potentials are integers.

In normal form (:mod:`tfsnn.conversion.normalize`) every threshold is 1. Here a current
into a population is an integer times a *quantum*, one for each channel or one for a
layer, and the threshold is one over it, an integer n. So::

    W_int = round(W n);   b_int = round(b n);   V(0)_int = round(V(0) n)
    V_int += W_int c;     c' = fire(V_int);     V_int -= c' n     theta_int = n

with the integers c that spikes carry. The first layer reads inputs as 8-bit integers,
an average is a sum whose factor is in the quantum, and a readout multiplies the sum of
its integers by their quantum once, so that outputs keep their units.

1. :mod:`~tfsnn.conversion.integers.layout`: what shares a quantum;
2. :mod:`~tfsnn.conversion.integers.scales`: the quanta, and rounding to them;
3. :mod:`tfsnn.conversion.correct`: what rounding lost is mended, within integers;
4. :mod:`~tfsnn.conversion.integers.writing`: the network of integers;
5. :mod:`~tfsnn.conversion.integers.bounds`: how large they can become.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from tfsnn.conversion.integers.bounds import bounded
from tfsnn.conversion.integers.grid import Grid
from tfsnn.conversion.integers.layout import lay_out
from tfsnn.conversion.integers.report import report_integers
from tfsnn.conversion.integers.settings import IntegerSettings
from tfsnn.conversion.integers.writing import write
from tfsnn.conversion.normalize import Normalized
from tfsnn.conversion.plan import Plan
from tfsnn.errors import UnsupportedError
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Linear, Spiking
from tfsnn.simulation.integers import IntegerReport
from tfsnn_numpy.defaults import RESETS
from tfsnn_numpy.ranges import Range


def with_reset(plan: Plan, settings: IntegerSettings) -> Plan:
    """Return the plan with neurons that are reset as the settings say.

    Raises:
        OptionError: for neurons that cannot be.
    """
    if settings.reset == RESETS[0]:
        return plan
    reset = {"reset": settings.reset}
    changed = {
        name: dataclasses.replace(neurons, settings={**neurons.settings, **reset})
        for name, neurons in plan.items()
    }
    return Plan(changed, plan.clock, plan.notes)


def on_grid(
    normalized: Normalized,
    settings: IntegerSettings,
    ranges: Mapping[str, Range],
    timesteps: int,
) -> Normalized:
    """Return a network in normal form whose gains, offsets and potentials are rounded.

    Weights are rounded when it is corrected (:mod:`tfsnn.conversion.correct`), which
    may choose them better than one by one.

    Args:
        normalized: the network.
        settings: the integers wanted.
        ranges: the smallest and the largest value of each input.
        timesteps: T.

    Raises:
        UnsupportedError: naming every layer that integers cannot do, and why.
        OptionError: for a layer whose weights vanish.
    """
    layout = lay_out(normalized, ranges, timesteps, settings.input_bits)
    if layout.problems:
        problems = list(dict.fromkeys(layout.problems))
        raise UnsupportedError(problems, "layer(s) cannot be computed in integers")
    grid = Grid(layout, settings, timesteps)
    nodes = tuple(_rounded(node, grid) for node in layout.graph)
    graph = dataclasses.replace(layout.graph, nodes=nodes)
    return Normalized(graph, layout.units, grid)


def _rounded(node: Node, grid: Grid) -> Node:
    if isinstance(node, Spiking):
        return grid.start(node)
    return node if isinstance(node, Linear) else grid.rounded(node)


def in_integers(
    graph: Graph, grid: Grid, timesteps: int, x: Mapping[str, np.ndarray]
) -> tuple[Graph, IntegerReport]:
    """Return the network of integers of a corrected one on its grid, and its report.

    Args:
        graph: the corrected network, in normal form.
        grid: what it was kept on.
        timesteps: T.
        x: calibration samples by input, ``(N, *shape)``.

    Raises:
        OptionError: where a potential leaves its width, or another sum the integers of
            float32, naming the layer.
    """
    whole, bounds = bounded(write(graph, grid), timesteps, x, grid.settings)
    return whole, report_integers(whole, grid, bounds)
