"""The compiled simulations of a spiking network, one for each way it is run."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.network.graph import Graph
from tfsnn.network.traced import traced
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.frames import (
    FrameResult,
    FrameSettings,
    advance_frame,
    initial_state,
)
from tfsnn.simulation.simulate import simulate
from tfsnn.simulation.weights import Watch

# Weights up to this size are constants of a program, so that a CPU changes their layout
# once, and not in every step. An exported graph has three or four copies, and it could
# not be saved with 2 GB.
CONSTANT_BYTES = 2**28
FLOAT_BYTES = 4
# Samples times steps that a layer takes at a time, where K is free, and the largest K.
# More would leave the cache of a CPU, and fewer would not keep its cores busy.
AT_A_TIME, LARGEST_CHUNK = 32, 4


def chunk_for(batch: int | None) -> int:
    """Return K, the steps to advance at a time, for a batch; None if it is unknown."""
    return LARGEST_CHUNK if batch and batch * LARGEST_CHUNK <= AT_A_TIME else 1


class RunKey(NamedTuple):
    """The key of a compiled simulation: what it was traced for, arguments of
    :func:`tfsnn.simulation.simulate.simulate`, with a `chunk` of None as the engine has
    it; or of that of a frame, if `frames` has the settings of
    :func:`tfsnn.simulation.frames.advance_frame`."""

    timesteps: int
    observe: frozenset[str]
    chunk: int | None
    early_exit: ExitRule | None
    frames: FrameSettings | None = None


Simulation = Callable[[dict[str, Any]], tuple[Any, list[Any]]]
LOG = logging.getLogger(__name__)
TENSORFLOW = "tensorflow"


class NotLowered(Exception):
    """An engine cannot run a network, or cannot run it in this way; says what and why.

    The network then runs in TensorFlow.
    """


# What makes the simulations of an engine; called as :func:`compiled`.
Compiler = Callable[
    [Graph, Mapping[str, Any], RunKey, Mapping[str, Any], bool], Simulation
]
# By the name of the engine; engines beside TensorFlow register theirs.
COMPILERS: dict[str, Compiler] = {}


class Simulations:
    """The compiled simulations of one network, by :class:`RunKey`.

    (A plain dict would be tracked and saved by Keras.) Programs that hold the weights
    as constants are forgotten when the weights change, however that happens.

    Attributes:
        ran_by: the engine that ran last; None before the first run.
        refusal: why an engine could not run the network, which TensorFlow then ran;
            empty where none has refused.
    """

    def __init__(
        self, structure: Graph, variables: Mapping[str, Any], constant: bool
    ) -> None:
        """Start with an empty cache of compiled simulations.

        Args:
            structure: the graph; its arrays are not used.
            variables: the graph's arrays, by ``node.field``.
            constant: whether programs may hold the weights as constants; not those of
                a network that is trained, which would be compiled after each step.
        """
        self._structure, self._variables = structure, variables
        self._constant = constant and not on_accelerator()
        self._by_key: dict[tuple[str, RunKey], Simulation] = {}
        self._refused: set[tuple[str, RunKey]] = set()
        self.ran_by: str | None = None
        self.refusal = ""
        self._watch = Watch(list(variables.values()))

    def run(
        self,
        fan_outs: Mapping[str, Any],
        key: RunKey,
        feed: dict[str, Any],
        engine: str = TENSORFLOW,
    ) -> Any:
        """Run the simulation of a key on a batch, with the current weights.

        The feed and the result are those of :func:`compiled`.

        A program that holds weights also returns those that the variables have: if they
        differ, it is compiled anew and run again. `fan_outs` serve the
        observation of counts. While a function is traced, and where the engine cannot
        run the network, TensorFlow does.
        """
        eager = tf.executing_eagerly()
        if not eager or (engine, key) in self._refused:
            engine = TENSORFLOW
        if engine == TENSORFLOW and key.chunk is None and key.frames is None:
            key = key._replace(chunk=chunk_for(next(iter(feed.values())).shape[0]))
        if not eager and self._constant and self._watch.changed(self._watch.read()):
            self._by_key.clear()
        try:
            result, weights = self._program(engine, key, fan_outs)(feed)
            if eager and self._watch.changed(weights):
                self._by_key.clear()
                result, _ = self._program(engine, key, fan_outs)(feed)
        except NotLowered as refused:
            self._refused.add((engine, key))
            self.refusal = f"{engine}: {refused}"
            LOG.warning(f"{self.refusal}; TensorFlow runs it instead")
            return self.run(fan_outs, key, feed)
        self.ran_by = engine
        return result

    def _program(
        self, engine: str, key: RunKey, fan_outs: Mapping[str, Any]
    ) -> Simulation:
        if (engine, key) not in self._by_key:
            if self._constant and self._watch.changed(self._watch.read()):
                self._by_key.clear()
            self._by_key[engine, key] = COMPILERS[engine](
                self._structure, self._variables, key, fan_outs, self._constant
            )
        return self._by_key[engine, key]


def compiled(
    structure: Graph,
    variables: Mapping[str, Any],
    key: RunKey,
    fan_outs: Mapping[str, Any],
    constant: bool = True,
) -> Simulation:
    """Return a simulation of inputs by name, each ``(B, *shape)`` float32.

    That of a frame takes these as "x", and as "state" the tensors of its state in the
    order of ``tf.nest.flatten``. It has no gradients. Beside the result it
    returns the tensors that the variables hold, if it has their values as constants,
    else none.

    Args:
        structure: the graph; its arrays are not used.
        variables: the graph's arrays, by ``node.field``.
        key: the way it is run.
        fan_outs: synapses that each unit's spikes reach, for the counts.
        constant: whether it may hold the weights as constants, on a CPU.
    """
    xla = on_accelerator()
    held = None
    if constant and not xla:
        held = with_constants(_holding(structure, variables))

    def run(x: dict[str, Any]) -> tuple[Any, list[Any]]:
        graph = held or with_variables(structure, variables)
        result = (
            framed(graph, x, key, fan_outs)
            if key.frames
            else simulate(
                graph,
                x,
                key.timesteps,
                chunk=key.chunk or 1,
                observe=key.observe,
                fan_outs=fan_outs,
                early_exit=key.early_exit,
                static=xla,
                gradients=False,
            )
        )
        weights = list(variables.values()) if held else []
        return result, [tf.convert_to_tensor(variable) for variable in weights]

    return traced(run, jit_compile=xla)


COMPILERS[TENSORFLOW] = compiled


def framed(
    graph: Graph, x: dict[str, Any], key: RunKey, fan_outs: Mapping[str, Any]
) -> FrameResult:
    """Run a graph on a frame, from a state that is given as a list of tensors."""
    assert key.frames is not None
    form = initial_state(graph, 1, key.frames)
    return advance_frame(
        graph,
        x["x"],
        tf.nest.pack_sequence_as(form, x["state"]),
        key.frames,
        observe=key.observe,
        fan_outs=fan_outs,
    )


def with_variables(structure: Graph, variables: Mapping[str, Any]) -> Graph:
    """Return the graph with its arrays as tensors."""
    held = _holding(structure, variables)
    return held.map_arrays(lambda node, name, variable: tf.convert_to_tensor(variable))


def with_constants(graph: Graph) -> Graph | None:
    """Return the graph with NumPy arrays, which tracing makes constants.

    Args:
        graph: one whose arrays are variables, or tensors that have values already.

    Returns:
        None where the arrays are too large for it.
    """
    arrays = [array for node in graph for array in node.arrays().values()]
    if sum(FLOAT_BYTES * math.prod(array.shape) for array in arrays) > CONSTANT_BYTES:
        return None
    with tf.init_scope():  # the values, also where another function is being traced
        return graph.map_arrays(lambda node, name, array: array.numpy())


def on_accelerator() -> bool:
    """Return whether TensorFlow sees a GPU or a TPU."""
    kinds = ("GPU", "TPU")
    return any(tf.config.list_physical_devices(kind) for kind in kinds)


def _holding(structure: Graph, variables: Mapping[str, Any]) -> Graph:
    """Return the graph with the variables in the place of its arrays."""
    return structure.map_arrays(lambda node, name, _: variables[f"{node.name}.{name}"])
