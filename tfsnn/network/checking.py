"""Check a graph that was read from a file: its nodes compute what they state.

Each node is applied to tensors that have shapes and no values, so nothing is computed
and no memory is taken.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, get_type_hints

import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError, TfsnnError
from tfsnn.network.graph import Graph
from tfsnn.network.neurons import KINDS
from tfsnn.network.node import Node
from tfsnn.network.nodes import Readout, Source, Spiking
from tfsnn_numpy.json_text import LARGEST, mismatch

# What TensorFlow, and the nodes, raise for arguments that cannot be.
IMPOSSIBLE = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
    *(NotImplementedError, tf.errors.OpError),
)


def check_graph(graph: Graph) -> None:
    """Refuse a graph whose nodes do not fit together.

    Raises:
        ModelError: that names the node.
    """
    if not graph.inputs or not graph.outputs:
        raise ModelError("the graph has no input or no output: convert again")
    for node in graph:
        if isinstance(node, Source) != (not node.inputs):
            raise _damaged(node, f"it reads {len(node.inputs)} nodes")
        if any(n < 1 for n in node.shape) or math.prod(node.shape) > LARGEST:
            raise _damaged(node, f"its shape is {node.shape}")
    for name in graph.outputs:
        if not isinstance(graph[name], Readout):
            raise _damaged(graph[name], "it is an output, but no readout")
    _check_states(graph)
    with tf.Graph().as_default():
        _apply(graph)


def _check_states(graph: Graph) -> None:
    """Refuse states that are no inputs, or to which no output leads.

    Raises:
        ModelError: that says which.
    """
    known, states = graph.inputs, graph.states
    inputs = len(set(states)) == len(states) and set(states) < set(known)
    if not inputs or len(graph.outputs) <= len(states):
        raise ModelError(
            f"the states {', '.join(states)} are not some of the inputs "
            f"{', '.join(known)}, each with one of {len(graph.outputs)} outputs: "
            "convert again"
        )
    for name, output in graph.kept.items():
        if graph[output].shape != known[name]:
            raise _damaged(graph[output], f"the state {name} is of shape {known[name]}")


def _apply(graph: Graph) -> None:
    held = graph.map_arrays(lambda node, name, values: _tensor(values.shape))
    sent: dict[str, Any] = {}
    for node, stated in zip(held, graph, strict=True):
        reads = [sent[name] for name in node.inputs]
        try:
            if isinstance(stated, Spiking):
                _check_neurons(stated, graph)
                sent[node.name] = reads[0]
            elif node.inputs:
                sent[node.name] = node.apply(*reads)
            else:
                sent[node.name] = _tensor((None, *node.shape))
        except TfsnnError:
            raise
        except IMPOSSIBLE as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise _damaged(node, reason) from error
        found = sent[node.name].shape
        if found.rank is None or found[1:] != node.shape:
            raise _damaged(node, f"it makes {found[1:]}, and states {node.shape}")


def _tensor(shape: tuple[int | None, ...]) -> Any:
    return tf.compat.v1.placeholder(tf.float32, shape)


def _check_neurons(node: Spiking, graph: Graph) -> None:
    """Refuse parameters of other shapes or kinds, and neurons that cannot advance."""
    if len(node.inputs) != 1:
        raise ValueError(f"it reads {len(node.inputs)} nodes, not one")
    for name, values in node.arrays().items():
        if np.broadcast_shapes(values.shape, node.shape) != node.shape:
            raise ValueError(f"its {name} is of shape {values.shape}")
    for name, value in node.settings.items():
        form = _forms(node.neuron).get(name, Any)
        if found := mismatch(value, form, name):
            raise ValueError(found)
    population = node.population
    current = tf.zeros((1, *node.shape)) if math.prod(node.shape) < 2**20 else None
    if current is not None:
        steps = graph.clock.pre_steps + 2
        state = population.initial_state((1, *node.shape))
        population.advance([_tensor((1, *node.shape))] * min(steps, 64), state)


@functools.cache
def _forms(neuron: str) -> Mapping[str, Any]:
    """Return the types of a kind's parameters, by name."""
    return get_type_hints(KINDS[neuron]) if neuron in KINDS else {}


def _damaged(node: Node, reason: str) -> ModelError:
    return ModelError(
        f"the node {node.name!r} ({node.label}) is damaged: {reason}; convert the "
        "network again, or copy its file again"
    )
