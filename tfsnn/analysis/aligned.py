"""Run a spiking network and its ANN on the same samples, and decode its spikes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from tfsnn.conversion import methods
from tfsnn.data import open_for
from tfsnn.errors import ModelError
from tfsnn.network.graph import Graph
from tfsnn.network.passes import simplify
from tfsnn.simulation.engines import as_engine
from tfsnn.simulation.frames import refuse_still
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import VALUES
from tfsnn.simulation.trace import Trace
from tfsnn.sources import import_model
from tfsnn_numpy.samples import Data

SAMPLES = 100  # compared at most


def matched(model: keras.Model, snn: SpikingModel) -> Graph:
    """Return the ANN's graph, its nodes named as in the spiking graph.

    Raises:
        ModelError: if the SNN was not converted from this model.
        OptionError: for a recurrent network that takes elements of sequences.
    """
    refuse_still(snn.graph, snn.name)
    if snn.report.method not in methods.methods():
        raise ModelError(
            f"{snn.name} was not converted from an ANN ({snn.report.method}), so there "
            "is none to compare it with: evaluate it on data with labels "
            "(tfsnn.evaluate)"
        )
    chosen = methods.make(snn.report.method, snn.report.options)
    simple = simplify(import_model(model), strict=snn.report.strict)
    ann = chosen.prepare(simple)
    nodes = {node.name: node.shape for node in ann}
    # Normalisation and corrections add other nodes to the spiking graph.
    shared = {node.name: node.shape for node in snn.graph if node.name in nodes}
    if list(nodes.items()) != list(shared.items()):
        raise ModelError(
            f"{snn.name} was not converted from {model.name}; give the model that was"
        )
    return ann


def first_samples(snn: SpikingModel, x: Any) -> Data:
    """Open the first :data:`SAMPLES` of what a network is to be shown.

    Args:
        snn: the network, which says how 8-bit values are taken.
        x: anything that :func:`tfsnn.open_data` takes.

    Raises:
        DataError: if `x` does not fit.
    """
    return open_for(as_engine(snn), x, limit=SAMPLES)


class Decoded(NamedTuple):
    """The mean spikes of a population, and the ANN's activation on the same samples.

    Attributes:
        mean: what synapses receive, averaged over the counted steps, in thresholds,
            ``(N, *units)`` float64.
        scale: activation that one spike per step stands for; it broadcasts to units.
        activation: the ANN's, ``(N, *units)``, units of activation.
        largest: the most that a unit can code, units of activation; infinite for no
            bound. It broadcasts to units.
    """

    mean: np.ndarray
    scale: np.ndarray
    activation: np.ndarray
    largest: np.ndarray

    @property
    def decoded(self) -> np.ndarray:
        """The activations that the spikes code, ``(N, *units)``."""
        return self.mean * self.scale


class Aligned(NamedTuple):
    """The results of both networks on the same samples.

    Attributes:
        trace: the recording of the spiking network.
        expected: what each node of the ANN computed, ``(N, *units)``.
        populations: each population, decoded, in order.
    """

    trace: Trace
    expected: Mapping[str, np.ndarray]
    populations: dict[str, Decoded]


def align(
    ann: Graph,
    snn: SpikingModel,
    x: Any,
    timesteps: int | None = None,
    record: Collection[str] = (),
) -> Aligned:
    """Run both networks on a batch, and decode every population.

    Args:
        ann: the ANN's graph, from :func:`matched`.
        snn: the network converted from it.
        x: samples ``(N, *input shape)``, or a dict by name.
        timesteps: T; ``snn.timesteps`` if None.
        record: the quantities that the trace holds beside "values".
    """
    trace = snn.simulate(x, timesteps, {VALUES, *record})
    expected = {name: np.asarray(values) for name, values in ann.forward(x).items()}
    spiking = snn.graph
    populations = {}
    for name in snn.populations:
        node: Any = spiking[name]
        scale = np.asarray(node.scale, np.float64)
        most = np.inf if node.max_coefficient is None else node.max_coefficient
        populations[name] = Decoded(
            mean=spiking.clock.mean(trace.values[name].astype(np.float64)),
            scale=scale,
            activation=expected[name],
            largest=np.asarray(most) * scale,
        )
    return Aligned(trace, expected, populations)
