"""Networks that are trained before conversion, with levels in place of their ReLUs.

T. Bu et al., "Optimal ANN-SNN conversion for high-accuracy and ultra-low-latency
spiking neural networks", ICLR 2022: a network whose activations have L levels loses
nothing where spikes count these levels. Departs from the paper in starting from a
trained network: each threshold is the one of least mean square error of the activations
that calibration shows, so that a few epochs suffice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from tfsnn.conversion.calibration import Calibration, calibrated
from tfsnn.conversion.methods.thresholds import mean_square_scale
from tfsnn.conversion.statistics import Statistics
from tfsnn.errors import OptionError
from tfsnn.layers.qcfs import QCFS
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate
from tfsnn.sources import import_model
from tfsnn.training.swap import Found, swapped
from tfsnn_numpy.checks import check_count

SUFFIX = "qcfs"


def quantised(
    model: keras.Model,
    calibration: Any,
    levels: int = 4,
    *,
    per_channel: bool = False,
    **settings: Any,
) -> keras.Model:
    """Return a copy of a network with activations of L levels, to be trained on.

    Each ReLU becomes a :class:`tfsnn.layers.QCFS`, be it a layer, an activation or an
    operation; its threshold is that of least mean square error, no larger than the
    ReLU's own bound, and is trained with the weights. All else is copied with its
    weights: batch normalisation goes on learning, max pooling and dropout stay. Other
    activations (sigmoid, GELU, leaky ReLU, recurrent layers) stay what they are;
    :func:`quantisation` lists them. After a few epochs of ``fit``,
    :func:`tfsnn.convert` takes it: with ``method="qcfs"``, ``timesteps=levels``; or,
    without loss, by "radix" of T steps for 2^T - 1 levels, and by "augmapping" with
    ``timesteps=1, levels=levels``.

    Args:
        model: a Functional or Sequential network, trained; it is left as it is.
        calibration: samples like those of training, a few hundred: an array
            ``(N, *input shape)``, anything that :func:`tfsnn.open_data` takes, or what
            :func:`tfsnn.calibration` made of the model.
        levels: L, the number of levels above 0.
        per_channel: whether each channel has a threshold of its own.
        settings: the settings of :func:`tfsnn.calibration`, by name.

    Raises:
        OptionError: for an impossible number of levels or setting, and per_channel
            where channels are not the last axis.
        ModelError: for a network that cannot be copied (a subclass of ``keras.Model``),
            has no ReLU or cannot be converted.
        DataError: for samples that do not fit.
        CalibrationError: if a layer is never active.
    """
    check_count("quantised: levels", levels)
    known = calibrated(model, calibration, settings)
    made: dict[str, tuple[QCFS, float | None]] = {}

    def make(relu: Found) -> QCFS:
        name = _free(f"{relu}_{SUFFIX}", made)
        layer = QCFS(levels, per_channel=per_channel, name=name)
        made[name] = layer, relu.bound
        return layer

    copy = swapped(model, make)
    bounds = {name: bound for name, (_, bound) in made.items()}
    graph = _unrounded(import_model(copy), bounds)
    seen = Calibration(copy, graph, known.data, known.settings).statistics(graph)
    for name, (layer, bound) in made.items():
        uses = [seen[node.name] for node in graph.of_kind(Rate) if _own(node) == name]
        found = np.max([_threshold(use, layer) for use in uses], axis=0)
        layer.threshold.assign(found if bound is None else np.minimum(found, bound))
    return copy


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """Return a name that no other layer made here has, in any network inside."""
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found


def _own(node: Rate) -> str:
    """Return the name of a node's layer, without those that it is nested in."""
    return node.layer.rsplit("/", 1)[-1]


def _unrounded(graph: Graph, bounds: Mapping[str, float | None]) -> Graph:
    """Return the graph with the ReLUs that were there before, and their bounds."""
    nodes = tuple(
        node.replace(max_value=bounds[_own(node)], quantized=None)
        if isinstance(node, Rate) and _own(node) in bounds
        else node
        for node in graph
    )
    return replace(graph, nodes=nodes)


def _threshold(statistics: Statistics, layer: QCFS) -> np.ndarray:
    """Return the threshold of least mean square error, in the layer's shape.

    Raises:
        OptionError: if the channels of the samples are not those of the layer.
    """
    shape = tuple(layer.threshold.shape)
    pool = statistics if shape else statistics.layer()
    found = mean_square_scale(pool, layer.levels, 1)
    if shape and found.shape != shape:
        raise OptionError(
            f"{layer.name}: {len(found)} channels are not its last axis, which has "
            f"{shape[0]} elements: give per_channel=False"
        )
    found = np.where(found > 0, found, np.median(found[found > 0]))
    return found if shape else found[0]
