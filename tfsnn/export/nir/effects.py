"""What a NIR file costs, measured: the network that it says beside the one it is of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfsnn.data import Data, Progress
from tfsnn.export.nir.losses import Loss
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Spiking
from tfsnn.simulation.engines import as_engine
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.sweep import sweep
from tfsnn_numpy.defaults import BATCH_SIZE
from tfsnn_numpy.judging import Judged, Judging, shown
from tfsnn_numpy.results import columns_table, judged_columns
from tfsnn_numpy.sums import Sums
from tfsnn_numpy.tasks import Figures, Wanted

ITSELF = "the network itself"
FILE = "the file, reset by subtraction"
TO_ZERO = "the file, reset to zero"


@dataclass(frozen=True)
class Effect:
    """A network on the data, simulated here for T steps.

    Attributes:
        of: which network: the loss that it has, or all of them.
        samples: how many.
        outputs: each output, judged by its task against that of the network itself.
    """

    of: str
    samples: int
    outputs: tuple[Judged, ...]

    @property
    def figures(self) -> Figures:
        """The figures of the first output."""
        return self.outputs[0].figures[0]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; "outputs" is there if there are several."""
        each = [
            {
                "output": judged.output,
                "task": judged.task,
                "metric": judged.metric,
                **shown(judged.figures[0], judged.kind),
            }
            for judged in self.outputs
        ]
        found = {key: value for key, value in each[0].items() if key != "output"}
        found = {"of": self.of, "samples": self.samples, **found}
        return {**found, "outputs": each} if len(each) > 1 else found


def measure(
    snn: SpikingModel,
    said: Graph,
    losses: Sequence[Loss],
    data: Data,
    *,
    task: Wanted = None,
    progress: Progress | None = None,
) -> list[Effect]:
    """Simulate the network, each loss alone, and what the file says.

    The file in two readings, as NIR leaves the reset to the tool: by subtraction, as
    in the network and in sinabs, and to zero, as in norse.

    Args:
        snn: the network.
        said: what the file says, as a graph.
        losses: of the network in plain words.
        data: samples, opened for the network, with labels or without.
        task: what the outputs answer, as for :func:`tfsnn.evaluate`.
        progress: wraps the batches.

    Raises:
        DataError: if the data does not fit the network.
        OptionError: for a task or an output that does not exist.
    """
    graph = as_arrays(snn.graph)
    variants = {ITSELF: graph}
    if len(losses) > 1:
        variants |= {f"{loss.what} lost": loss.change(graph) for loss in losses}
    variants |= {FILE: said, TO_ZERO: resetting_to_zero(said)}
    engines = {name: as_engine(like(snn, graph)) for name, graph in variants.items()}
    engine = as_engine(snn)
    judging = Judging.of(engine.outputs, data, task, engine.hints)
    steps = [snn.timesteps]
    sums = {name: Sums(steps, judging, compared=True) for name in engines}
    networks = {name: engine.run for name, engine in engines.items()}
    batches = data.batches(BATCH_SIZE, progress, "measuring")
    for _, y, seen, _ in sweep(networks, batches):
        labels = judging.read(y)
        for name, of_network in sums.items():
            of_network.add(seen[name], labels, seen[ITSELF].outputs)
    return [Effect(name, found.samples, found.judged()) for name, found in sums.items()]


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


def effects_text(effects: Sequence[Effect]) -> list[str]:
    """Return the lines of a table of effects, one for each output."""
    lines = []
    for i, first in enumerate(effects[0].outputs):
        figures = tuple(effect.outputs[i].figures[0] for effect in effects)
        columns = {"network": [effect.of for effect in effects]}
        columns |= judged_columns(dataclasses.replace(first, figures=figures))
        of = f"{first.output}, " if len(effects[0].outputs) > 1 else ""
        lines += ["", *columns_table(columns), f"judged as {of}{first.task}"]
    near = f"agreement with, and error against, {ITSELF}"
    return [*lines, f"{effects[0].samples} samples; {near}"]
