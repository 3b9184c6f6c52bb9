"""The simulations of a network in OpenVINO: which programs run it, and how.

A run of few steps is one program. One of many is a loop over a program of some steps,
to which the state is given and which returns it, so that memory does not grow with T;
so are runs with early exit, between whose steps samples leave, and streams of frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import tensorflow as tf

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Linear
from tfsnn.network.roles import needs_all_steps
from tfsnn.simulation.compiled import (
    NotLowered,
    RunKey,
    Simulation,
    framed,
    with_variables,
)
from tfsnn.simulation.early_exit import read_over_time
from tfsnn.simulation.engines.openvino.kinds import lowerings
from tfsnn.simulation.engines.openvino.programs import Programs
from tfsnn.simulation.parts import in_parts, rows_of
from tfsnn.simulation.simulate import AT_ONCE, Result, simulate
from tfsnn.simulation.steps import COUNTS, OUTPUTS, Run
from tfsnn.simulation.weights import reader

# A layer takes one step at a time where it need not take all: to split and to join them
# costs more than products of several save (ResNet-20, batch 1: 12 ms, or 19). But few
# samples of many weights take all together, so that these are read once (VGG-16, batch
# 1, of float32: 56 ms, or 50; of int8: 47, or 38).
FEW_SAMPLES, MANY_WEIGHTS = 4, 2**22
# Steps that are written out in one program, at most, where there need not be more.
WRITTEN_OUT = 8
# Samples of a program, at most: more take memory (VGG-16, 256 in 8 steps: 17 GB)
# and no less time for each.
SAMPLES = 32
# The same of a loop, whose programs are given their state and return it: fewer, so that
# many steps take no more memory than few (ResNet-20, T = 64 against 4: 1.28 times with
# 32, 1.0 with 16).
SAMPLES_OF_LOOP = 16
# Populations times steps of a program: compiling some hundreds takes seconds.
LARGEST = 4096


def simulation_in_openvino(
    structure: Graph,
    variables: Mapping[str, Any],
    key: RunKey,
    fan_outs: Mapping[str, Any],
    constant: bool = True,
) -> Simulation:
    """Return a simulation as :func:`tfsnn.simulation.compiled.compiled` does.

    Its programs hold the weights, also those of a network that is trained. Called, it
    raises :class:`tfsnn.simulation.compiled.NotLowered` for what OpenVINO cannot run.
    """
    graph = with_variables(structure, variables)
    made = LoweredSimulation(
        graph.map_arrays(lambda node, name, a: a.numpy()), key, fan_outs
    )

    read = reader(variables.values())

    def run(feed: dict[str, Any]) -> tuple[Any, list[Any]]:
        return made(feed), read()

    return run


class LoweredSimulation:
    """A network with NumPy arrays, run in one way."""

    def __init__(self, graph: Graph, key: RunKey, fan_outs: Mapping[str, Any]) -> None:
        self.graph, self.key, self.fan_outs = graph, key, fan_outs
        self.lowered = lowerings(graph)
        self.programs = Programs(leaving=key.early_exit is not None)

    def __call__(self, feed: dict[str, Any]) -> Any:
        key = self.key
        if COUNTS in key.observe and not key.observe <= {COUNTS, OUTPUTS}:
            raise NotLowered(
                "OpenVINO (2026.4) writes over spikes that are both recorded and "
                "counted, so TensorFlow counts them"
            )
        if key.frames is not None:
            return self._frame(feed)
        steps = self.graph.clock.pre_steps + key.timesteps
        if self._needs_all_steps:
            return in_parts(self._whole, feed, max(1, AT_ONCE // steps))
        if key.early_exit is not None:
            return self._in_chunks(feed)
        if steps > WRITTEN_OUT:
            return in_parts(self._in_chunks, feed, SAMPLES_OF_LOOP)
        return in_parts(self._whole, feed, SAMPLES)

    def _whole(self, feed: dict[str, Any]) -> Result:
        """Run all steps as one program."""
        return self.programs.run("whole", self.whole, feed, _first_of_result)

    def whole(self, x: dict[str, Any]) -> Result:
        """Simulate all steps; to be traced, with the samples by input.

        Raises:
            NotLowered: for more steps than a program takes.
        """
        steps = self.graph.clock.pre_steps + self.key.timesteps
        self._check_size(steps)
        return simulate(
            self.in_trace(),
            x,
            self.key.timesteps,
            chunk=self.chunk(rows_of(x), steps),
            observe=self.key.observe,
            fan_outs=self.fan_outs,
            gradients=False,
            start=partial(Run.on, lowered=self.lowered),
        )

    def _in_chunks(self, feed: dict[str, Any]) -> Result:
        """Run a loop over programs of some steps, or until samples are decided."""
        key = self.key
        return simulate(
            self._tensors,
            feed,
            key.timesteps,
            chunk=(key.chunk or 1) if key.early_exit else _chunk(key.timesteps),
            observe=key.observe,
            fan_outs=self.fan_outs,
            early_exit=key.early_exit,
            gradients=False,
            start=partial(_start, self),
        )

    def _frame(self, feed: dict[str, Any]) -> Any:
        """Run the steps of a frame as one program."""
        key = self.key
        assert key.frames is not None
        self._check_size(key.frames.steps)
        chunk = self.chunk(rows_of(feed), key.frames.steps)
        settings = replace(key.frames, lowered=self.lowered, chunk=chunk)

        def function(x: dict[str, Any]) -> Any:
            graph, way = self.in_trace(), key._replace(frames=settings)
            return framed(graph, x, way, self.fan_outs)

        return self.programs.run("frame", function, feed, _all_of_frame)

    def chunk(self, samples: int, steps: int) -> int:
        """Return how many of some steps a layer takes together, which divide them."""
        if self.key.chunk is not None and self.key.early_exit is None:
            most = min(self.key.chunk, steps)
            return next(n for n in range(most, 0, -1) if steps % n == 0)
        few = samples <= FEW_SAMPLES and self._weights >= MANY_WEIGHTS
        return steps if few else 1

    @cached_property
    def _needs_all_steps(self) -> bool:
        return needs_all_steps(self.graph)

    @cached_property
    def _weights(self) -> int:
        return sum(node.kernel.size for node in self.graph.of_kind(Linear))

    def _check_size(self, steps: int) -> None:
        populations = sum(node.spikes for node in self.graph)
        if populations * steps > LARGEST:
            raise NotLowered(
                f"{steps} steps of {populations} populations, which are needed at "
                f"once, are more than the {LARGEST} of a program: simulate fewer steps"
            )

    def in_trace(self) -> Graph:
        """Return the graph with one constant for each array, in the function traced."""
        return self.graph.map_arrays(lambda node, name, array: tf.constant(array))

    @cached_property
    def _tensors(self) -> Graph:
        return self.in_trace()


@dataclass(frozen=True, eq=False)
class _ChunkRun(Run):
    """A run in which programs compute the steps."""

    owner: Any = None

    def advance(
        self, state: dict[str, Any], k: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Advance every node by k steps, in one program."""
        owner, read = self.owner, read_over_time(self)
        given = {
            "constants": {name: self.constants[name] for name in read},
            "state": state,
        }

        def function(x: dict[str, Any]) -> Any:
            batch = rows_of(x)
            run = Run(
                owner.in_trace().prepared().without_gradients(),
                self.timesteps,
                {**dict.fromkeys(self.constants), **x["constants"]},
                batch,
                batch,
                self.observe,
                self.fan_outs,
                owner.lowered,
            )
            together = owner.chunk(batch, k)
            return run.loop(x["state"], k // together, together)

        return owner.programs.run(f"{k} steps", function, given, _first_of_chunk)


def _start(owner: LoweredSimulation, *arguments: Any) -> _ChunkRun:
    """Return a run, of which `arguments` are those of :meth:`Run.on`."""
    return replace(_ChunkRun.on(*arguments), owner=owner)


def _chunk(timesteps: int) -> int:
    """Return the steps of a program: those that divide T, if they are not few."""
    divisors = (n for n in range(WRITTEN_OUT, WRITTEN_OUT // 2, -1))
    return next((n for n in divisors if timesteps % n == 0), WRITTEN_OUT)


def _first_of_result(result: Result, rows: int) -> Result:
    return Result(
        [y[:rows] for y in result.outputs],
        {name: values[:, :rows] for name, values in result.observed.items()},
        result.steps[:rows],
    )


def _first_of_chunk(result: Any, rows: int) -> Any:
    state, seen = result
    state = tf.nest.map_structure(lambda x: x[:rows] if len(x.shape) else x, state)
    return state, {name: values[:, :rows] for name, values in seen.items()}


def _all_of_frame(result: Any, rows: int) -> Any:
    """Refuse: a stream has always as many rows."""
    raise AssertionError(f"a program of frames was filled up to more than {rows} rows")
