"""One batch through the ANN: the sums and draws that its statistics are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate
from tfsnn.network.traced import safe

POSITIONS = 64
EXPONENT = 0x7F800000  # the bits of a float32's exponent


def traced_sweep(
    graph: Graph, rates: list[Rate]
) -> Callable[[Any, Any], tuple[list, list]]:
    """Return the ANN's forward pass: each node's sums, peaks, and values drawn.

    Beside them it gives the largest value that each output reads. Its arguments are
    the inputs by name and a seed of two numbers.
    """
    # Captured as inputs: as constants of the function they would be folded for seconds.
    graph = graph.map_arrays(lambda node, name, values: tf.convert_to_tensor(values))

    @tf.function(
        input_signature=[
            {k: tf.TensorSpec((None, *s)) for k, s in graph.inputs.items()},
            tf.TensorSpec((2,), tf.int32),
        ],
        autograph=False,
    )
    def sweep(x: dict[str, tf.Tensor], seed: tf.Tensor) -> tuple[list, list]:
        values = graph.forward(x)
        found = []
        for index, node in enumerate(rates):
            channels, places = node.shape[-1], int(np.prod(node.shape[:-1]))
            sizes = values[node.name]
            if node.signed:
                sizes = tf.abs(sizes)
            a = tf.reshape(sizes, (-1, places, channels))
            currents = values[node.inputs[0]]
            lowest = tf.reduce_min(currents, list(range(len(node.shape))))
            peak = tf.reduce_max(sizes, 0)
            if places > POSITIONS:
                order = tf.random.stateless_uniform((places,), seed + index)
                a = tf.gather(a, tf.argsort(order)[:POSITIONS], axis=1)
            sums, unit = _sums(sizes, channels)
            current_sums, current_unit = _sums(currents, channels)
            moments, units = tf.stack(sums + current_sums), [unit, current_unit]
            drawn = tf.reshape(a, (-1, channels))
            found.append((moments, tf.stack(units), peak, drawn, lowest))
        read = [values[graph[name].inputs[0]] for name in graph.outputs]
        return found, [tf.reduce_max(tf.abs(value)) for value in read]

    return safe(sweep.get_concrete_function())


def _sums(values: tf.Tensor, channels: int) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Return the sum and the sum of squares of each channel, in a unit.

    The unit is the power of two below the largest value, so that dividing is exact, and
    squares neither overflow nor vanish in float32.
    """
    bits = tf.bitcast(tf.reduce_max(tf.abs(values)), tf.int32)
    power = tf.bitcast(bits & EXPONENT, tf.float32)
    unit = tf.clip_by_value(power, 2.0**-100, 2.0**100)  # 1 / unit is exact, too
    flat = tf.reshape(values, (-1, channels)) / unit
    ones = tf.ones((1, tf.shape(flat)[0]))
    sums = [tf.matmul(ones, flat)[0], tf.matmul(ones, tf.square(flat))[0]]
    return sums, unit
