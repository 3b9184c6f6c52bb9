"""The compiled simulations of a spiking network, one for each way it is run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.network.graph import Graph
from tfsnn.network.neurons.integrate_fire import without_gradients
from tfsnn.simulation.exit_rule import ExitRule
from tfsnn.simulation.simulate import Result, simulate

# Weights up to this size are constants of a program, so that a CPU changes their layout
# once, and not in every step. An exported graph has three copies of them, and it could
# not be saved with 2 GB.
CONSTANT_BYTES = 2**28
FLOAT_BYTES = 4


class Way(NamedTuple):
    """How a simulation is run; arguments of
    :func:`tfsnn.simulation.simulate.simulate`."""

    timesteps: int
    observe: frozenset[str]
    chunk: int
    early_exit: ExitRule | None


class Runs:
    """Those of one network; no plain dict, which Keras would track and save."""

    def __init__(self) -> None:
        """None is compiled yet."""
        self.by_way: dict[Way, Callable[[dict[str, Any]], Result]] = {}


def compiled(
    structure: Graph,
    variables: Mapping[str, Any],
    way: Way,
    fan_outs: Mapping[str, Any],
) -> Callable[[dict[str, Any]], Result]:
    """A simulation of inputs by name, each ``(B, *shape)`` float32; no gradients.

    Args:
        structure: the graph, whatever its arrays.
        variables: these arrays, by ``node.field``.
        way: how it is run.
        fan_outs: for the observation of counts.
    """
    xla = on_accelerator()
    constant = None if xla else with_constants(_holding(structure, variables))
    free = {name: tf.TensorSpec((None, *s)) for name, s in structure.inputs.items()}

    # XLA compiles for one batch size, and wants to know it.
    @tf.function(
        input_signature=None if xla else [free], autograph=False, jit_compile=xla
    )
    @without_gradients()
    def run(x: dict[str, Any]) -> Result:
        return simulate(
            constant or with_variables(structure, variables),
            x,
            way.timesteps,
            chunk=way.chunk,
            observe=way.observe,
            fan_outs=fan_outs,
            early_exit=way.early_exit,
            static=xla,
        )

    return run


def with_variables(structure: Graph, variables: Mapping[str, Any]) -> Graph:
    """The graph with its arrays as tensors."""
    held = _holding(structure, variables)
    return held.map_arrays(lambda node, name, variable: tf.convert_to_tensor(variable))


def with_constants(graph: Graph) -> Graph | None:
    """The graph with NumPy arrays, which become constants of what is traced.

    Args:
        graph: its arrays are variables, or tensors that have their values already.

    Returns:
        None where the arrays are too large for it.
    """
    arrays = [array for node in graph for array in node.arrays().values()]
    if sum(FLOAT_BYTES * math.prod(array.shape) for array in arrays) > CONSTANT_BYTES:
        return None
    with tf.init_scope():  # the values, also where another function is being traced
        return graph.map_arrays(lambda node, name, array: array.numpy())


def on_accelerator() -> bool:
    """Whether TensorFlow sees a GPU or a TPU."""
    kinds = ("GPU", "TPU")
    return any(tf.config.list_physical_devices(kind) for kind in kinds)


def _holding(structure: Graph, variables: Mapping[str, Any]) -> Graph:
    """The graph with the variables themselves in the place of its arrays."""
    return structure.map_arrays(lambda node, name, _: variables[f"{node.name}.{name}"])
