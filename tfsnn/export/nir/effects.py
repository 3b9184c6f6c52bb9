"""What a NIR file costs, measured: the network that it says beside the one it is of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tfsnn.data import Progress, open_for
from tfsnn.export.nir.losses import Loss
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Spiking
from tfsnn.simulation.engines import as_engine
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.sweep import sweep
from tfsnn_numpy.defaults import BATCH_SIZE
from tfsnn_numpy.sums import Sums

ITSELF = "the network itself"
FILE = "the file, reset by subtraction"
TO_ZERO = "the file, reset to zero"


@dataclass(frozen=True)
class Effect:
    """A network on the data, simulated here for T steps.

    Attributes:
        of: which network: the loss that it has, or all of them.
        samples: how many.
        agreement: share of samples with the network's own top class.
        accuracy: share of samples whose label is the top class; None without labels.
    """

    of: str
    samples: int
    agreement: float
    accuracy: float | None


def measure(
    snn: SpikingModel,
    said: Graph,
    losses: Sequence[Loss],
    data: Any,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> list[Effect]:
    """Simulate the network, each loss alone, and what the file says.

    The file in two readings, as NIR leaves the reset to the tool: by subtraction, as
    in the network and in sinabs, and to zero, as in norse.

    Args:
        snn: the network.
        said: what the file says, as a graph.
        losses: of the network in plain words.
        data: anything that :func:`tfsnn.open_data` takes, with labels or without.
        limit: samples used at most.
        progress: wraps the batches.

    Raises:
        DataError: if the data does not fit the network.
    """
    graph = as_arrays(snn.graph)
    variants = {ITSELF: graph}
    if len(losses) > 1:
        variants |= {f"{loss.what} lost": loss.change(graph) for loss in losses}
    variants |= {FILE: said, TO_ZERO: resetting_to_zero(said)}
    engines = {name: as_engine(like(snn, graph)) for name, graph in variants.items()}
    opened = open_for(as_engine(snn), data, limit=limit)
    sums = {name: Sums([snn.timesteps]) for name in engines}
    networks = {name: engine.run for name, engine in engines.items()}
    batches = opened.batches(BATCH_SIZE, progress, "measuring")
    for _, y, seen, _ in sweep(networks, batches):
        for name, of_network in sums.items():
            of_network.add(seen[name], y, seen[ITSELF].top[-1])
    return [
        Effect(
            name,
            found.samples,
            float(found.agreed[0] / found.samples),
            float(found.right[0] / found.samples) if opened.has_labels else None,
        )
        for name, found in sums.items()
    ]


def like(snn: SpikingModel, graph: Graph) -> SpikingModel:
    """A model of another graph, otherwise the same."""
    return SpikingModel(graph, snn.timesteps, snn.report, snn.output_keys)


def as_arrays(graph: Graph) -> Graph:
    """The graph with NumPy arrays in place of tensors."""
    return graph.map_arrays(lambda node, name, values: np.asarray(values))


def resetting_to_zero(graph: Graph) -> Graph:
    """The graph with neurons that lose what is above the threshold."""
    nodes = tuple(
        node.replace(settings={**node.settings, "reset": "zero"})
        if isinstance(node, Spiking)
        else node
        for node in graph
    )
    return dataclasses.replace(graph, nodes=nodes)


def rows(effects: Sequence[Effect]) -> list[Mapping[str, Any]]:
    """JSON."""
    return [asdict(effect) for effect in effects]
