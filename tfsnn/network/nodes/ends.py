"""The ends of a network: inputs, constants and readouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfsnn.network import functions
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node, Shape, array
from tfsnn.network.units import Rescaled


@dataclass(frozen=True, eq=False)
class Source(Node):
    """An input of the network.

    Attributes:
        whole: whether the model takes integers, such as the numbers of tokens.
    """

    linear: ClassVar[bool] = True

    whole: bool = False

    def describe(self) -> str:
        """Name the node."""
        return "input"


@dataclass(frozen=True, eq=False)
class Rounded(Node):
    """An input that is rounded to integers: n = clip(round(x / step), low, high).

    Its output is n times `unit`: the integer, or the value that this stands for.

    Attributes:
        step: what the integer 1 stands for, in the units of the input.
        low, high: the smallest and the largest integer.
        unit: 1 in a network of integers; `step` in one of values.
    """

    linear: ClassVar[bool] = True

    step: float
    low: int
    high: int
    unit: float = 1.0

    def apply(self, x: Any) -> Any:
        """Round x, ``(N, *shape)``; half to even."""
        n = tf.round(x / self.step)
        n = tf.minimum(tf.maximum(n, float(self.low)), float(self.high))
        return n if self.unit == 1 else n * self.unit

    def describe(self) -> str:
        """Name the operation, and the integers."""
        return f"input rounded to integers {self.low}..{self.high}"


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """Values that belong to the model, such as a class token: the same every step.

    It reads a source, for the number of samples only.
    """

    linear: ClassVar[bool] = True
    reads_values: ClassVar[bool] = False

    value: Any = array()

    def apply(self, x: Any) -> Any:
        """Repeat the value for each of N samples: ``(N, *shape)``."""
        return tf.broadcast_to(self.value, (tf.shape(x)[0], *self.shape))

    def describe(self) -> str:
        """Name the node."""
        return "constant current"

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Write the unit that is wished into the value."""
        value = np.asarray(self.value / wish, np.float32)
        return Rescaled(self.replace(value=value), wish, units)


@dataclass(frozen=True, eq=False)
class Readout(Node):
    """An output of the model: the function `head` of what reaches it.

    Over time it reads the mean of its input so far, in the ANN's own units, and
    applies the head to that once.

    Attributes:
        head: a name in :data:`tfsnn.network.functions.FUNCTIONS`, or "linear".
        options: arguments of the head, JSON.
        scale: what the value 1 of its input stands for, where that is an integer: one
            number, or ``(C,)``; None where it is in the ANN's units.
    """

    linear: ClassVar[bool] = True

    head: str = "linear"
    options: Mapping[str, Any] = field(default_factory=dict)
    scale: Any = array(None)

    def apply(self, x: Any) -> Any:
        """Compute the head of ``(N, ...)``: ``(N, *shape)``."""
        x = self.in_units(x)
        if self.head == "linear":
            return x
        return functions.FUNCTIONS[self.head](x, **self.options)

    def in_units(self, x: Any) -> Any:
        """Return what the head reads, in the ANN's units."""
        return x if self.scale is None else x * self.scale

    def describe(self) -> str:
        """Name the node and its head."""
        return "readout" + (self.head != "linear") * f" with {self.head} head"


def without_heads(graph: Graph) -> Graph:
    """Return the graph whose outputs are what the heads would read."""
    nodes = [
        node.replace(head="linear", options={}, shape=graph[node.inputs[0]].shape)
        if isinstance(node, Readout)
        else node
        for node in graph
    ]
    return graph.rewrite(nodes, {}, {})
