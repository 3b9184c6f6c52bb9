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
    """

    linear: ClassVar[bool] = True

    head: str = "linear"
    options: Mapping[str, Any] = field(default_factory=dict)

    def apply(self, x: Any) -> Any:
        """Compute the head of ``(N, ...)``: ``(N, *shape)``."""
        if self.head == "linear":
            return x
        return functions.FUNCTIONS[self.head](x, **self.options)

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
