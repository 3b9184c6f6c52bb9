"""How nodes are lowered: one function for each kind that is not lowered as it stands.

A node says what it computes in operations of TensorFlow (:mod:`tfsnn.network.node`),
neurons say it in theirs (:mod:`tfsnn.network.neurons`), and OpenVINO reads these. So a
kind needs a function here only where a program of OpenVINO is to be another one than
that of TensorFlow: products of 8 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Linear, Merge, Spiking
from tfsnn.network.nodes.passing import Passing
from tfsnn.network.signals import Advanced, Signal
from tfsnn.simulation.steps import Lowering
from tfsnn_numpy.defaults import INTEGERS

SIGNED, UNSIGNED = (-128, 127), (0, 255)  # what 8 bits hold
EXACT = 2**24  # float32 has all integers up to it


class Integers(NamedTuple):
    """What is known of the integers of a network.

    Attributes:
        inputs: for each node with weights whose products are of 8 bits, the smallest
            and the largest integer of the 8 bits that its input is held in.
    """

    inputs: Mapping[str, tuple[int, int]]


Lowers = Callable[[Integers, Any, Sequence[Signal], Any, Clock], Advanced]
LOWERINGS: dict[type[Node], Lowers] = {}


def lowers(kind: type[Node]) -> Callable[[Lowers], Lowers]:
    """Register the function that lowers a kind of node; a decorator.

    The function takes the network's :class:`Integers` and then what
    :meth:`tfsnn.network.node.Node.advance` does.

    Raises:
        ValueError: for a kind that another function lowers.
    """

    def register(function: Lowers) -> Lowers:
        if LOWERINGS.setdefault(kind, function) is not function:
            raise ValueError(
                f"{kind.__name__} is lowered already: change that function"
            )
        return function

    return register


def lowerings(graph: Graph) -> dict[type[Node], Lowering]:
    """Return what lowers the kinds of a graph, whose arrays are NumPy's."""
    known = Integers(_held(graph))
    return {kind: partial(function, known) for kind, function in LOWERINGS.items()}


@lowers(Linear)
def product(
    known: Integers, node: Linear, reads: Sequence[Signal], state: Any, clock: Clock
) -> Advanced:
    """Multiply integers of 8 bits as such, others as the node does itself.

    A fake quantisation to 256 levels changes no integer, and says that 8 bits hold it:
    OpenVINO then multiplies 8-bit integers, and adds in 32 bits.
    """
    if node.name not in known.inputs:
        return node.advance(reads, state, clock)
    spikes = _in_8_bits(reads[0].folded(), *known.inputs[node.name])
    y = node.multiply(spikes, _in_8_bits(node.kernel, *SIGNED))
    return Advanced(y if node.bias is None else tf.nn.bias_add(y, node.bias))


def _in_8_bits(x: Any, low: int, high: int) -> Any:
    return tf.quantization.fake_quant_with_min_max_args(x, low, high)


def _held(graph: Graph) -> dict[str, tuple[int, int]]:
    """Return the 8 bits that hold the input of each node with weights of 8 bits."""
    bounds: dict[str, float] = {}
    unsigned: dict[str, bool] = {}
    held = {}
    for node in graph:
        reads = node.inputs
        if isinstance(node, Linear) and _is_of_8_bits(node):
            low, high = UNSIGNED if unsigned[reads[0]] else SIGNED
            most = np.abs(node.kernel).sum() * bounds[reads[0]]
            if bounds[reads[0]] <= high and most <= EXACT:
                held[node.name] = low, high
        bounds[node.name] = node.bound([bounds[name] for name in reads])
        unsigned[node.name] = _is_unsigned(node) and all(
            isinstance(node, Spiking) or unsigned[name] for name in reads
        )
    return held


def _is_of_8_bits(node: Linear) -> bool:
    """Return whether the weights are integers of 8 bits."""
    if node.precision not in INTEGERS:
        return False
    low, high = SIGNED
    kernel = np.asarray(node.kernel)
    inside = (kernel >= low) & (kernel <= high)
    return bool((inside & (kernel == np.rint(kernel))).all())


def _is_unsigned(node: Node) -> bool:
    """Return whether a node sends nothing below 0, where it reads nothing below 0."""
    if isinstance(node, Spiking):
        return node.population.negative_threshold is None
    return isinstance(node, Passing | Merge)
