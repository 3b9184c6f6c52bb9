"""The engine ``stablehlo``: an exported program, run by JAX on any device it sees."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from tfsnn.simulation.engines.base import Engine
from tfsnn.simulation.results import Results
from tfsnn_numpy.digest import Digest
from tfsnn_numpy.sums import Costs
from tfsnn_numpy.tasks import Output
from tfsnn_stablehlo.evaluation import costs_of
from tfsnn_stablehlo.manifest import EVALUATE, PREDICT
from tfsnn_stablehlo.program import Program


class ProgramEngine(Engine):
    """A :class:`tfsnn_stablehlo.Program`, for the T that it was exported with.

    With observations there are the outputs that its program gives after each step.
    """

    kind = "stablehlo"
    timesteps: int

    def __init__(self, program: Program) -> None:
        """Take a program from :func:`tfsnn_stablehlo.load`."""
        self.program, self.name = program, program.path.name
        self.inputs, self.whole_inputs = program.inputs, program.whole_inputs
        self.timesteps = program.timesteps
        self.output_keys = len(program.manifest["programs"][PREDICT]["results"]) > 1
        self._known = program.manifest["evaluation"]

    @classmethod
    def takes(cls, network: Any) -> bool:
        """Return whether the network is an exported program."""
        return isinstance(network, Program)

    @classmethod
    def of(cls, network: Program) -> ProgramEngine:
        """Return the engine of a program."""
        return cls(network)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs, as the manifest has them."""
        return self.program.outputs

    @property
    def hints(self) -> dict[str, tuple[str]]:
        """The tasks that were found when the network was converted."""
        return self.program.hints

    @cached_property
    def digest(self) -> str:
        """Return the digest of the files of the program."""
        return Digest(self.program.manifest["sha256"]).hex()

    def run(self, x: Any, observe: Collection[str] = ()) -> Results:
        """Run samples, as many at a time as the program takes; NumPy arrays."""
        feed = x if isinstance(x, Mapping) else {next(iter(self.inputs)): x}
        feed = {name: np.asarray(values) for name, values in feed.items()}
        count, size = len(next(iter(feed.values()))), self.program.batch_size
        steps = np.full(count, self.timesteps, np.int32)
        if not observe:
            return Results(self.program.predict(feed), steps=steps)
        parts = [
            self.program.run(EVALUATE, {k: v[i : i + size] for k, v in feed.items()})
            for i in range(0, count, size)
        ]
        seen = [self.program.observed(part) for part in parts]
        over_time = [
            np.concatenate(values, 1)  # the batch is behind T
            for values in zip(*(each.over_time for each in seen), strict=True)
        ]
        by_node = {
            node: np.concatenate([each.counts[node] for each in seen], 1)
            for node in seen[0].counts
        }
        return Results([values[-1] for values in over_time], over_time, by_node, steps)

    def costs(self) -> Costs:
        """Return the costs that the manifest has of connections and time."""
        return costs_of(self._known)
