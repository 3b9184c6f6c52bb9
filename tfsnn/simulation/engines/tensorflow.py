"""The engine ``tensorflow``: a spiking network simulated by TensorFlow."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any, ClassVar, Self

from tfsnn.network.digest import model_digest
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Spiking, without_heads
from tfsnn.simulation.counted import counted_columns
from tfsnn.simulation.early_exit import check_can_exit
from tfsnn.simulation.engines.base import Engine
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.results import Results
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn_numpy.counts import Structure
from tfsnn_numpy.digest import Digest
from tfsnn_numpy.sums import Costs
from tfsnn_numpy.tasks import Output

# What of a model's config the graph's digest holds, or does not change the outputs.
NOT_DIGESTED = ("name", "graph", "report", "timesteps", "trainable")


class SpikingEngine(Engine):
    """A :class:`tfsnn.SpikingModel`, by its own compiled simulations.

    Attributes:
        by: what simulates; what the model says if None
            (:attr:`tfsnn.SpikingModel.engine`).
    """

    kind = "tensorflow"
    traceable = True
    timesteps: int
    by: ClassVar[str | None] = None

    def __init__(self, snn: SpikingModel, timesteps: int, early_exit: Any) -> None:
        """Take a model, T, and the rule by which samples leave, or None."""
        self.snn, self.timesteps, self.early_exit = snn, timesteps, early_exit
        self.name, self.output_keys = snn.name, snn.output_keys
        self.inputs, self.whole_inputs = snn.inputs_by_name, snn.whole_inputs
        self.raw_inputs, self.ranges = snn.report.raw, snn.report.ranges
        self.by_element = bool(snn.graph.states)
        self.raw_recorded = self.raw_inputs is not None
        # Counted now, not while a strategy's function is traced.
        self._operations, self._connections = (
            snn.operations_per_sample(),
            snn.connections(),
        )
        self._bounds = bounds(snn.graph)

    @classmethod
    def takes(cls, network: Any) -> bool:
        """Return whether the network is a spiking model."""
        return isinstance(network, SpikingModel)

    @classmethod
    def of(cls, network: SpikingModel) -> Self:
        """Return the engine of a model, with its T and its early exit."""
        return cls(network, network.timesteps, network.early_exit)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs, as the graph has them."""
        return self.snn.outputs_known

    @property
    def ran_by(self) -> str:
        """The engine that simulated last, and why another one did not."""
        return self.snn.ran_by

    @property
    def hints(self) -> dict[str, tuple[str]]:
        """The tasks that were found when the network was converted."""
        return self.snn.report.hints

    @cached_property
    def digest(self) -> str:
        """Return the digest of the graph with its weights and the way it is run."""
        config = {
            key: value
            for key, value in self.snn.get_config().items()
            if key not in NOT_DIGESTED
        }
        return Digest(model_digest(self.snn.graph), config).hex()

    def run(self, x: Any, observe: Collection[str] = ()) -> Results:
        """Simulate a batch, with tensors as results."""
        rule = None if observe else self.early_exit
        found = self.snn.run(x, self.timesteps, observe, rule, self.by)
        seen = found.observed
        over_time = [
            seen[key]
            for name in self.snn.graph_outputs
            if (key := f"{OUTPUTS}/{name}") in seen
        ]
        counts = {
            key.removeprefix(f"{COUNTS}/"): values
            for key, values in seen.items()
            if key.startswith(f"{COUNTS}/")
        }
        return Results(found.outputs, over_time, counts, found.steps)

    def costs(self) -> Costs:
        """Return the costs that follow from the graph's connections and clock."""
        clock, operations = self.snn.clock, self._operations
        steps = range(1, self.timesteps + 1)
        return Costs(
            clock.pre_steps,
            operations.ann_macs,
            [operations.macs(clock.pre_steps + t) for t in steps],
            [clock.latency(t, self.snn.depth, self.timesteps) for t in steps],
            self.snn.populations,
            multiplies=clock.tracks,
            structure=self.structure(
                [clock.pre_steps + t for t in steps], [*map(clock.weight, steps)]
            ),
        )

    def structure(self, steps: list[int], weights: list[float]) -> Structure:
        """Return the layers, for energy models.

        Args:
            steps: steps simulated until the end of each row.
            weights: what the steps of an activation weigh together, of each row.
        """
        return Structure(
            self._connections.layers,
            self._connections.edges,
            steps,
            [
                max((b * weight for b in self._bounds), default=0.0)
                for weight in weights
            ],
            {k: counted_columns(w) for k, w in self._connections.columns.items()},
            self.snn.clock.ticks,
        )

    def at(self, timesteps: int) -> Self:
        """Return an engine that simulates T steps."""
        return type(self)(self.snn, timesteps, self.early_exit)

    def until(self, timesteps: int) -> Self:
        """Return an engine that ends with step T."""
        return self.at(timesteps)

    def deciding(self) -> Self:
        """Return an engine of the network without the heads of its outputs."""
        check_can_exit(self.snn.graph)
        graph = without_heads(self.snn.graph)
        snn = SpikingModel(graph, self.timesteps, self.snn.report, self.output_keys)
        snn.engine = self.snn.engine
        return type(self)(snn, self.timesteps, None)

    def with_all_steps(self) -> Self:
        """Return an engine without early exit."""
        return type(self)(self.snn, self.timesteps, None)


class OpenVINOEngine(SpikingEngine):
    """The same model, simulated by OpenVINO as far as that can."""

    kind = "openvino"
    traceable = False
    by = "openvino"


class AutoEngine(SpikingEngine):
    """The same model, simulated by OpenVINO where that is there and a call is large."""

    kind = "auto"
    traceable = False
    by = "auto"


def bounds(graph: Graph) -> tuple[float, ...]:
    """Return the largest spike of each population; infinite where there is none."""
    largest = (
        float("inf") if graph.clock.tracks else node.population.largest_spike
        for node in graph.of_kind(Spiking)
        if not node.population.encodes_input
    )
    return tuple(largest)
