"""The measures of NeuroBench, by its names and definitions.

J. Yik and others, "The NeuroBench framework for benchmarking neuromorphic computing
algorithms and systems", Nature Communications 16, 2025; definitions as in the package
neurobench 2.3.0, whose harness hooks into PyTorch and cannot run a Keras model:

* footprint: bytes of all arrays of the network, parameters and buffers.
* parameter_count: numbers in weights and biases.
* connection_sparsity: zeros among the weights of dense layers and convolutions, with
  four decimals.
* activation_sparsity: zeros among what all neurons send in all steps.
* synaptic_operations: products of inputs and weights that are both not zero, without
  biases, per sample. A layer counts as accumulates (Effective_ACs) in a step in which
  all that it receives, in all samples, is -1, 0 or 1, and as multiply-accumulates
  (Effective_MACs) otherwise: graded spikes, and spikes behind an average, are MACs.
  Dense has all connections, in every step.
* membrane_updates: potentials that changed in a step, and all in the first, per sample.

Weights on an input that does not change are computed once, as the simulation does. One
spike on a clock of ticks is an accumulate for each synapse; activations and connections
count for every tick, and the potential is updated in each. Sums of running sums are
layers of no kind that NeuroBench has, and are not counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tfsnn.analysis.evaluate import Evaluation, evaluate
from tfsnn.data import Progress, open_for
from tfsnn.errors import ModelError, OptionError
from tfsnn.network.fields import is_trained
from tfsnn.network.nodes import Linear
from tfsnn.network.operations import operations
from tfsnn.network.roles import spiking_nodes
from tfsnn.simulation.engines import as_engine
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.received import Received, received
from tfsnn_numpy.tasks import Wanted

VALUES_AT_A_TIME = 2**25  # of all nodes in all steps: an eighth of a gibibyte
SCORES = ("mse", "r2")  # of numbers, by the names that NeuroBench gives them


@dataclass(frozen=True)
class NeuroBench:
    """The measures of NeuroBench of one network on some samples.

    Attributes:
        samples: the number of samples.
        timesteps: T.
        footprint: bytes of all arrays.
        parameter_count: the number of weights and biases.
        connection_sparsity: the share of weights that are zero.
        activation_sparsity: the share of neurons' outputs that are zero.
        synaptic_operations: per sample, by "Effective_MACs", "Effective_ACs", "Dense".
        membrane_updates: changes of potentials, per sample.
        scores: "classification_accuracy", or "mse" and "r2"; what labels allow.
    """

    samples: int
    timesteps: int
    footprint: int
    parameter_count: int
    connection_sparsity: float
    activation_sparsity: float
    synaptic_operations: Mapping[str, float]
    membrane_updates: float
    scores: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict, with scores beside the other measures."""
        found = asdict(self)
        scores = found.pop("scores")
        return {**found, **scores}


def neurobench(
    network: Any,
    data: Any,
    *,
    limit: int | None = None,
    task: Wanted = None,
    evaluation: Evaluation | None = None,
    progress: Progress | None = None,
) -> NeuroBench:
    """Measure a spiking network by the names and definitions of NeuroBench.

    Args:
        network: a network from :func:`tfsnn.convert`.
        data: anything that :func:`tfsnn.open_data` takes, with labels or without.
        limit: the most samples to use.
        task: what the outputs answer, as for :func:`tfsnn.evaluate`.
        evaluation: one of the network on these samples, whose last row, after all T
            steps, has the score; made if None.
        progress: wraps the batches, for a progress bar (:data:`tfsnn.data.Progress`).

    Raises:
        ModelError: for anything but a network from :func:`tfsnn.convert`, and one
            without weights.
        DataError: if data or labels do not fit.
        OptionError: for an unknown task, and an evaluation that ends before T steps.
    """
    if not isinstance(network, SpikingModel):
        raise ModelError(
            f"NeuroBench's measures need the spiking network, not a "
            f"{type(network).__name__}: give the result of tfsnn.convert, or its file"
        )
    counter = _Counter(network)
    opened = open_for(as_engine(network), data, limit=limit)
    if evaluation is None:
        evaluation = evaluate(
            network, opened, timesteps=[network.timesteps], task=task, progress=progress
        )
    last = evaluation.rows[-1].timesteps
    if last != network.timesteps:
        raise OptionError(
            f"the evaluation ends after {last} steps, and NeuroBench's measures are of "
            f"all {network.timesteps} of {network.name}: evaluate these as well"
        )
    for x, _ in opened.batches(counter.batch_size, progress, "NeuroBench"):
        counter.add(received(network, x, network.timesteps))
    return counter.found(_scores(evaluation))


def _scores(evaluation: Evaluation) -> dict[str, float]:
    row = evaluation.rows[-1]
    if row.accuracy is not None:
        return {"classification_accuracy": row.accuracy}
    return {name: row.scores[name] for name in SCORES if name in row.scores}


class _Counter:
    """The sums over batches that the measures need."""

    def __init__(self, snn: SpikingModel) -> None:
        """Start with no samples."""
        self.snn, self.samples, self.updates, self.sent = snn, 0, 0.0, 0
        graph = snn.graph
        self.layers: dict[str, Linear] = {
            node.name: node.replace(
                kernel=(np.asarray(node.kernel) != 0).astype(np.float32), bias=None
            )
            for node in graph.of_kind(Linear)
        }
        if not self.layers:
            raise ModelError(
                f"{snn.name} has neither dense layers nor convolutions, of which "
                "NeuroBench counts operations: give a network with weights"
            )
        counted, spiking = operations(graph), spiking_nodes(graph)
        self.dense = {name: counted[name] for name in self.layers}
        # One spike on a clock is an event, whatever it carries by its time.
        self.timed = {
            name
            for name, node in self.layers.items()
            if graph.clock.by_time and {*node.inputs} <= spiking
        }
        self.operations: dict[str, np.ndarray] = {}  # (S,) by layer
        self.simple: dict[str, np.ndarray] = {}  # whether all are -1, 0 or 1
        self.steps = graph.clock.pre_steps + snn.timesteps
        self.neurons = sum(math.prod(shape) for shape in snn.populations.values())
        values = sum(math.prod(node.shape) for node in graph) * self.steps
        self.batch_size = max(min(VALUES_AT_A_TIME // max(values, 1), 100), 1)

    def add(self, batch: Received) -> None:
        """Add a batch."""
        for name, x in batch.inputs.items():
            node = self.layers[name]
            steps, size = x.shape[:2]
            reached = (x != 0).astype(np.float32).reshape(-1, *x.shape[2:])
            done = np.asarray(node.multiply(reached, node.kernel), np.float64)
            of_steps = done.reshape(steps, -1).sum(1)
            flat = x.reshape(steps, -1)
            simple = np.isin(flat, (-1, 0, 1)).all(1) | (name in self.timed)
            self.operations[name] = self.operations.get(name, 0) + of_steps
            self.simple[name] = np.logical_and(self.simple.get(name, True), simple)
            self.samples += size if name == next(iter(self.layers)) else 0
        ticks = self.snn.clock.ticks
        for name, sent in batch.spikes.items():
            self.sent += int(np.count_nonzero(sent))
            potentials = batch.potentials[name]
            changed = int(np.count_nonzero(np.diff(potentials, axis=0)))
            all_of_them = potentials.size * ticks
            first = potentials[0].size
            self.updates += all_of_them if ticks > 1 else first + changed

    def found(self, scores: Mapping[str, float]) -> NeuroBench:
        """Return the measures of all samples so far."""
        kinds = {"Effective_MACs": 0.0, "Effective_ACs": 0.0, "Dense": 0.0}
        ticks, n = self.snn.clock.ticks, self.samples
        for name, done in self.operations.items():
            simple = self.simple[name]
            kinds["Effective_ACs"] += float(done[simple].sum()) / n
            kinds["Effective_MACs"] += float(done[~simple].sum()) / n
            runs = len(done) * (ticks if name in self.timed else 1)
            kinds["Dense"] += float(runs * self.dense[name])
        weights = [each.kernel for each in self.layers.values()]
        zeros = sum(int(np.count_nonzero(w == 0)) for w in weights)
        graph = self.snn.graph
        outputs = self.neurons * self.steps * ticks * n
        return NeuroBench(
            samples=n,
            timesteps=self.snn.timesteps,
            footprint=sum(np.asarray(w).nbytes for w in self.snn.weights),
            parameter_count=sum(
                int(np.size(values))
                for node in graph
                for key, values in node.arrays().items()
                if is_trained(node, key)
            ),
            connection_sparsity=round(zeros / sum(w.size for w in weights), 4),
            activation_sparsity=1 - self.sent / outputs if outputs else 0.0,
            synaptic_operations=kinds,
            membrane_updates=self.updates / n,
            scores=scores,
        )
