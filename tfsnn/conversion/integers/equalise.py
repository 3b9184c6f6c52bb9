"""Larger scales for channels of large weights, where a layer has one scale for all.

In normal form the weights W_c of channel c are divided by its scale l_c, so a channel
of large weights, or of small activations, has the largest of its layer, r_c = max W_c;
and r = max r_c sets the steps to which all weights of the layer are rounded. A larger
l_c makes r_c smaller, and the spikes of that channel coarser. So all channels with r_c
above a bound R are given scales l_c' = l_c r_c / R, with the R of the least sum of
squares, in the ANN's units, of what rounding spikes and weights loses::

    sum_c l_c'^2 (1 / N^2 + n m R^2 / high^2)

Here N are the levels that a population can send, n the weights of a channel, m the mean
square of what they read, and `high` the largest integer. This is the cross-layer
equalisation of data-free quantisation (M. Nagel et al., ICCV 2019, arXiv 1906.04721)
with a price: a scale is free in a network of ReLUs, but not in one of spikes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from tfsnn.conversion.integers.arrays import columns
from tfsnn.conversion.integers.groups import Group
from tfsnn.conversion.integers.layout import Layout, lay_out
from tfsnn.conversion.integers.settings import IntegerSettings
from tfsnn.conversion.normalize import normalize_with_units
from tfsnn.conversion.plan import Plan
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Linear, Spiking
from tfsnn_numpy.ranges import Range

ROUNDS = 2  # scales of a layer change the weights of the next
MEAN_SQUARE = 0.05  # of what weights read, in units of the largest rate


def equalised(
    graph: Graph,
    plan: Plan,
    settings: IntegerSettings,
    ranges: Mapping[str, Range],
    timesteps: int,
) -> Plan:
    """Return the plan with scales that suit one scale of weights for each layer.

    Args:
        graph: the ANN.
        plan: the neurons of every rate node.
        settings: the integers wanted; for a scale of each channel nothing changes.
        ranges: the smallest and the largest value of each input.
        timesteps: T.
    """
    if settings.scales != "layer" or plan.exact:
        return plan
    for _ in range(ROUNDS):
        normalized = normalize_with_units(graph, plan)
        layout = lay_out(normalized, ranges, timesteps, settings.input_bits)
        readers: dict[int, tuple[Group, list[Spiking]]] = {}
        for node in layout.graph.of_kind(Spiking):
            group = layout.quanta[node.inputs[0]].group
            if group is not None:
                root = group.root
                readers.setdefault(id(root), (root, []))[1].append(node)
        changed = dict(plan)
        for group, nodes in readers.values():
            scales = [np.asarray(plan[node.name].scale) for node in nodes]
            shared = all(np.array_equal(scales[0], scale) for scale in scales)
            if group.uniform or scales[0].shape != (group.channels,) or not shared:
                continue
            most = plan[nodes[0].name].max_coefficient
            levels = timesteps * (1.0 if most is None else float(np.max(most)))
            factor = _factor(layout, group, scales[0], levels, settings)
            for node in nodes:
                scale = scales[0] * factor
                changed[node.name] = dataclasses.replace(plan[node.name], scale=scale)
        plan = Plan(changed, plan.clock, plan.notes)
    return plan


def _factor(
    layout: Layout,
    group: Group,
    scale: np.ndarray,
    levels: float,
    settings: IntegerSettings,
) -> np.ndarray:
    """Return by how much the scale of each channel of a group is to grow."""
    nodes = [layout.graph[name] for name in dict.fromkeys(group.nodes)]
    read = [node for node in nodes if isinstance(node, Linear)]
    known = [node for node in read if layout.quanta[node.inputs[0]].group is None]
    if not known:
        return np.ones(group.channels)
    weights = [columns(node, np.ones(1)) for node in known]
    rows = np.max([np.abs(part).max(0) for part in weights], 0)
    count = sum(len(part) for part in weights)
    if not rows.any():
        return np.ones(group.channels)
    spikes = 1 / levels**2
    rounding = count * MEAN_SQUARE / settings.weights.high**2
    best, least = np.ones(group.channels), np.inf
    for bound in np.unique(rows[rows > 0]):
        factor = np.maximum(1.0, rows / bound)
        lost = np.sum((scale * factor) ** 2) * (spikes + rounding * bound**2)
        if lost < least:
            best, least = factor, lost
    return best
