"""Corrections of networks whose neurons compute smooth activations, kept if they help.

What a table of a smooth activation lacks is no linear function of its inputs, as the
rounding of a ReLU nearly is, so that a fit may help on the samples that it is made of
and no others. So it is judged by the outputs, on samples that it has not seen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfsnn.conversion.correct import correct
from tfsnn.conversion.normalize import Normalized
from tfsnn.conversion.plan import Corrections
from tfsnn.data import Progress
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Spiking
from tfsnn.simulation.simulate import simulate

LEAST = 8  # samples, of which a quarter is held back; fewer are used for both


def correct_where_it_helps(
    ann: Graph,
    spiking: Normalized,
    x: Mapping[str, np.ndarray],
    timesteps: int,
    corrections: Corrections,
    progress: Progress | None = None,
) -> Graph:
    """Return the spiking graph, corrected (:func:`tfsnn.conversion.correct.correct`).

    Where neurons do not rectify, a quarter of the samples is held back, and the graph
    is returned as it was if the corrections leave no smaller mean square error there.
    """
    graph = spiking.graph
    smooth = any(not node.rectifies for node in graph.of_kind(Spiking))
    if not corrections or not smooth:
        return correct(ann, spiking, x, timesteps, corrections, progress)
    count = min(len(next(iter(x.values()))), corrections.samples)
    held = count // 4 if count >= LEAST else 0
    rest = {name: values[: count - held] for name, values in x.items()}
    tried = {
        name: values[count - (held or count) : count] for name, values in x.items()
    }
    corrected = correct(ann, spiking, rest, timesteps, corrections, progress)
    before, after = (_error(ann, each, tried, timesteps) for each in (graph, corrected))
    return corrected if after < before else graph


def _error(
    ann: Graph, spiking: Graph, x: Mapping[str, np.ndarray], timesteps: int
) -> float:
    """Return the sum over all outputs of the mean square difference from the ANN's."""
    feed = {name: tf.constant(values, tf.float32) for name, values in x.items()}
    values, found = (
        ann.forward(feed),
        simulate(spiking, feed, timesteps, gradients=False),
    )
    pairs = zip(found.outputs, ann.answers, strict=False)
    return sum(
        float(tf.reduce_mean(tf.square(output - values[name])))
        for output, name in pairs
    )
