"""One batch through the ANN: the sums and draws that its statistics are made of.

It is run operation by operation: a program traced for it would cost a small network
more time than all its batches, and gain a large one nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.conversion.memory import last_uses
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import Rate

POSITIONS = 64
EXPONENT = 0x7F800000  # the bits of a float32's exponent


class Swept(NamedTuple):
    """What a batch shows of a rate node; NumPy arrays.

    Attributes:
        moments: the sum and the sum of squares of its values, then of its currents,
            each in its unit, ``(4, C)``.
        units: the units of the values and of the currents.
        peak: the largest values, ``(*shape)``.
        drawn: values at places that were drawn, ``(n, C)``.
        lowest: the smallest currents, ``(C,)``.
    """

    moments: np.ndarray
    units: np.ndarray
    peak: np.ndarray
    drawn: np.ndarray
    lowest: np.ndarray


class Sweep:
    """The ANN's forward pass, one batch after the other, node by node."""

    def __init__(self, graph: Graph) -> None:
        """Take the ANN; its weights become tensors."""
        self.graph = graph.map_arrays(lambda node, name, v: tf.convert_to_tensor(v))
        self._used = last_uses(graph, {node.name for node in graph})

    def __call__(
        self, x: Mapping[str, Any], seed: tuple[int, int]
    ) -> Iterator[tuple[Node, Any]]:
        """Return what a batch shows of each rate node, and the outputs' largest values.

        Args:
            x: the inputs by name, ``(B, *shape)``.
            seed: the seed of the places drawn.
        """
        values: dict[str, Any] = dict(self.graph.feed(x))
        index = 0
        for node in self.graph:
            if node.name in self.graph.outputs:
                yield node, tf.reduce_max(tf.abs(values[node.inputs[0]])).numpy()
            elif node.name not in values:
                reads = [values[name] for name in node.inputs]
                values[node.name] = node.apply(*reads)
                if isinstance(node, Rate):
                    place = (seed[0] + index, seed[1] + index)
                    yield node, _swept(node, values[node.name], reads[0], place)
                    index += 1
            for name in self._used.get(node.name, ()):
                values.pop(name, None)


def _swept(node: Rate, sizes: Any, currents: Any, seed: tuple[int, int]) -> Swept:
    channels, places = node.shape[-1], int(np.prod(node.shape[:-1]))
    if node.signed:
        sizes = tf.abs(sizes)
    a = tf.reshape(sizes, (-1, places, channels))
    lowest = tf.reduce_min(currents, list(range(len(node.shape))))
    if places > POSITIONS:
        order = tf.random.stateless_uniform((places,), seed)
        a = tf.gather(a, tf.argsort(order)[:POSITIONS], axis=1)
    sums, unit = _sums(sizes, channels)
    current_sums, current_unit = _sums(currents, channels)
    return Swept(
        np.stack([each.numpy() for each in sums + current_sums]),
        np.stack([unit.numpy(), current_unit.numpy()]),
        tf.reduce_max(sizes, 0).numpy(),
        a.numpy().reshape(-1, channels),
        lowest.numpy(),
    )


def _sums(values: tf.Tensor, channels: int) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Return the sum and the sum of squares of each channel, in a unit.

    The unit is the power of two below the largest value, so that dividing is exact, and
    squares neither overflow nor vanish in float32.
    """
    bits = tf.bitcast(tf.reduce_max(tf.abs(values)), tf.int32)
    power = tf.bitcast(bits & EXPONENT, tf.float32)
    unit = tf.clip_by_value(power, 2.0**-100, 2.0**100)  # 1 / unit is exact, too
    flat = tf.reshape(values, (-1, channels)) / unit
    ones = tf.ones((1, flat.shape[0]))
    sums = [tf.matmul(ones, flat)[0], tf.matmul(ones, tf.square(flat))[0]]
    return sums, unit
