"""Bounds of all integers of a network: of currents, potentials and sums.

Of each signal the least and the largest integer of a step follow from the weights and
from what spikes can carry, and so does what a potential can come to in T steps if
everything arrives at once. Where that is more than a potential has bits for, the
calibration samples are simulated: a network that leaves the bits on them is refused,
and any other saturates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.conversion.integers.arrays import FIELDS
from tfsnn.conversion.integers.settings import IntegerSettings
from tfsnn.conversion.layerwise import Layerwise
from tfsnn.conversion.memory import fitting_samples
from tfsnn.errors import OptionError
from tfsnn.hardware.integers import EXACT
from tfsnn.network.graph import Graph
from tfsnn.network.neurons.counting import ends
from tfsnn.network.node import Node
from tfsnn.network.nodes import (
    Affine,
    Constant,
    Linear,
    Lookup,
    Readout,
    Rounded,
    Source,
    Spiking,
)
from tfsnn.network.signals import fold

SAMPLES = 64  # simulated where bits are not known to suffice


@dataclass(frozen=True)
class Bounds:
    """What potentials come to.

    Attributes:
        worst: by population, the largest size of a potential that is possible.
        seen: the same on calibration samples, where these were simulated.
    """

    worst: dict[str, int]
    seen: dict[str, int]


def bounded(
    graph: Graph,
    timesteps: int,
    x: Mapping[str, np.ndarray],
    settings: IntegerSettings,
) -> tuple[Graph, Bounds]:
    """Return the network of integers with potentials of the stated width.

    Args:
        graph: the network of integers.
        timesteps: T.
        x: calibration samples by input, ``(N, *shape)``.
        settings: with the width.

    Raises:
        OptionError: where a sum leaves the integers of float32, or a potential its
            width, naming the layer.
    """
    walk = _Walk(graph, timesteps)
    worst = walk.potentials
    width, exact = settings.potential_bits, EXACT
    high = ends(width)[1]
    narrow = [name for name, most in worst.items() if most > high]
    for name, most in worst.items():
        saturates = name in narrow
        if saturates and high + walk.currents[name] >= exact:
            raise _beyond(graph[name], "a potential", walk.currents[name] + high)
        if not saturates and most >= exact:
            raise OptionError(
                f"{_name(graph[name])}: potentials may come to {most:,} in {timesteps} "
                f"steps, and float32, in which integers are simulated, ends at 2^24: "
                f"take potential_bits={24}, at whose ends they saturate, or fewer steps"
            )
    if not narrow:
        return graph, Bounds(worst, {})
    seen = _seen(graph, timesteps, x, narrow)
    for name, most in seen.items():
        if most > high and not settings.saturate:
            raise OptionError(
                f"{_name(graph[name])}: potentials come to {most:,} on the calibration "
                f"samples in {timesteps} steps, and {width} bits end at {high:,}: take "
                f"potential_bits={most.bit_length() + 1} or more, weights of fewer "
                "bits (precision), or fewer steps"
            )
    nodes = tuple(
        node.replace(settings={**node.settings, "width": width})  # type: ignore[attr-defined]
        if node.name in narrow
        else node
        for node in graph
    )
    return Graph(nodes, graph.outputs, graph.layers, graph.clock), Bounds(worst, seen)


class _Walk:
    """The least and the largest integer of every signal, ``(1, *shape)``."""

    def __init__(self, graph: Graph, timesteps: int) -> None:
        self.graph, self.steps = graph, timesteps + graph.clock.pre_steps
        self.ranges: dict[str, tuple[Any, Any]] = {}
        self.potentials: dict[str, int] = {}
        self.currents: dict[str, int] = {}
        for node in graph:
            self.ranges[node.name] = self._range(node)

    def _range(self, node: Node) -> tuple[Any, Any]:
        if isinstance(node, Source):
            return (tf.zeros((1, *node.shape)),) * 2  # read by nodes without a range
        if isinstance(node, Rounded):
            full = tf.ones((1, *node.shape))
            return full * float(node.low), full * float(node.high)
        if isinstance(node, Constant | Lookup):
            values = np.asarray(getattr(node, FIELDS[type(node)][0]))
            values = values.reshape(-1, *values.shape[-1:])
            return tuple(
                tf.broadcast_to(tf.constant(found, tf.float32), (1, *node.shape))
                for found in (values.min(0), values.max(0))
            )
        low, high = self.ranges[node.inputs[0]]
        if isinstance(node, Linear):
            return self._linear(node, low, high)
        if isinstance(node, Affine):
            pair = node.apply(low), node.apply(high)
            return tf.minimum(*pair), tf.maximum(*pair)
        if isinstance(node, Spiking):
            return self._population(node, low, high)
        if isinstance(node, Readout):
            weight = self.graph.clock.weight(self.steps)
            most = weight * _size(low, high)
            if most >= EXACT:
                raise _beyond(node, f"the sum of {self.steps} steps", most)
            return low, high
        reads = [self.ranges[name] for name in node.inputs]
        return node.apply(*(low for low, _ in reads)), node.apply(
            *(high for _, high in reads)
        )

    def _linear(self, node: Linear, low: Any, high: Any) -> tuple[Any, Any]:
        kernel = tf.convert_to_tensor(node.kernel, tf.float32)
        above, below = tf.maximum(kernel, 0.0), tf.minimum(kernel, 0.0)
        bias = 0.0 if node.bias is None else tf.convert_to_tensor(node.bias)
        most = node.multiply(high, above) + node.multiply(low, below) + bias
        least = node.multiply(low, above) + node.multiply(high, below) + bias
        size = tf.maximum(tf.abs(low), tf.abs(high))
        total = node.multiply(size, tf.abs(kernel)) + tf.abs(bias)
        if (found := float(tf.reduce_max(total))) >= EXACT:
            raise _beyond(node, "a sum of weights", found)
        return least, most

    def _population(self, node: Spiking, low: Any, high: Any) -> tuple[Any, Any]:
        neurons: Any = node.population
        least, most = neurons.potentials(low, high, self.steps)
        self.potentials[node.name] = int(_size(least, most))
        self.currents[node.name] = int(_size(low, high))
        carried = neurons.largest_spike
        if not np.isfinite(carried):
            carried = float(tf.reduce_max(tf.floor(most / neurons.threshold)))
            carried = max(carried, 1.0)
        full = tf.fill((1, *node.shape), float(carried))
        return (-full if neurons.negative_threshold is not None else 0.0 * full), full


def _seen(
    graph: Graph, timesteps: int, x: Mapping[str, np.ndarray], names: list[str]
) -> dict[str, int]:
    """Return the largest size of potentials on calibration samples."""
    samples = min(len(next(iter(x.values()))), SAMPLES)
    steps = timesteps + graph.clock.pre_steps
    samples = fitting_samples(graph, None, steps, samples)
    feed = {name: values[:samples] for name, values in x.items()}
    layers, found = Layerwise(graph, feed, steps), dict.fromkeys(names, 0)
    for node in graph:
        if isinstance(node, Spiking) and node.name in names:
            neurons: Any = node.population
            for rows, currents in layers.currents(node.name)():
                state = neurons.initial_state((rows.stop - rows.start, *node.shape))
                sent, _ = neurons.advance(currents, state)
                layers.hold(node.name, rows, fold(sent.values))
                reached = int(neurons.reached(currents, sent))
                found[node.name] = max(found[node.name], reached)
        else:
            layers.advance(node.name)
        layers.forget(node.name)
    return found


def _size(low: Any, high: Any) -> float:
    return float(tf.reduce_max(tf.maximum(tf.abs(low), tf.abs(high))))


def _name(node: Node) -> str:
    return node.layer or node.name


def _beyond(node: Node, what: str, most: float) -> OptionError:
    return OptionError(
        f"{_name(node)}: {what} may come to {most:,.0f}, and float32, in which "
        "integers are simulated, ends at 2^24: take weights of fewer bits "
        "(precision='int4'), smaller spikes, or fewer steps; of two layers of weights "
        "without a ReLU between, put one there"
    )
