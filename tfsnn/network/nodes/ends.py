"""Where signals begin, become spikes, and are read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfsnn.network import functions
from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.neurons import Population, populate
from tfsnn.network.node import Node, Shape, array
from tfsnn.network.signals import Advanced, Signal, fold
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
class Rate(Node):
    """min(max(x, 0), max_value): what a spiking neuron's rate stands for.

    Quantised, that is rounded to L steps: max_value * clip(floor(x L / max_value + 1/2)
    / L, 0, 1). The other fields are the neurons (:mod:`tfsnn.network.neurons`), set by
    :func:`tfsnn.conversion.normalize.normalize`.

    Attributes:
        max_value: None for a plain ReLU; 6 for ReLU6; one number, or ``(C,)``.
        quantized: L, of what was trained with QCFS; None for others.
        scale: activation, in the ANN's units, that one spike per step stands for.
        neuron: its kind, a name in :data:`tfsnn.network.neurons.KINDS`.
        settings: of that kind, JSON.
    """

    spikes: ClassVar[bool] = True
    multiplies: ClassVar[bool] = False

    max_value: Any = array(None)
    quantized: int | None = field(default=None, kw_only=True)
    scale: Any = array(None)
    threshold: Any = array(1.0)
    initial_potential: Any = array(0.0)
    negative_threshold: Any = array(None)
    max_coefficient: Any = array(None)
    neuron: str = field(default="integrate_fire", kw_only=True)
    settings: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    @property
    def signed(self) -> bool:
        """Whether activations may be negative."""
        return False

    def apply(self, x: Any) -> Any:
        """Compute the activations of x, both ``(N, *shape)``."""
        if self.max_value is None:
            # Not tf.nn.relu: behind a convolution and a sum that is read elsewhere as
            # well, TensorFlow's optimiser fails on it, and says so on standard error.
            return tf.maximum(x, 0.0)
        if self.quantized is not None:
            steps = tf.floor(x * self.quantized / self.max_value + 0.5)
            share = tf.clip_by_value(steps, 0.0, self.quantized) / self.quantized
            return self.max_value * share
        return tf.clip_by_value(x, 0.0, self.max_value)

    @property
    def population(self) -> Population:
        """The spiking neurons in this node's place."""
        stated = {
            "threshold": self.threshold,
            "initial_potential": self.initial_potential,
            "negative_threshold": self.negative_threshold,
            "max_coefficient": self.max_coefficient,
        }
        return populate(self.neuron, stated, self.settings, self.name)

    @property
    def needs_all_steps(self) -> bool:
        """Whether its neurons do."""
        return self.population.whole

    def initial_state(self, batch: Any, shapes: Sequence[Shape | None]) -> Any:
        """Return the state of its neurons before the first step."""
        return self.population.initial_state((batch, *self.shape))

    def advance(self, reads: Sequence[Signal], state: Any, clock: Clock) -> Advanced:
        """Send the spikes of its neurons."""
        sent, state = self.population.advance(reads[0].steps(), state)
        return Advanced(fold(sent.values), state, sent)

    def describe(self) -> str:
        """Name the neurons, and the bound of what they stand for."""
        if self.max_value is None:
            return "spiking neurons"
        low, high = float(np.min(self.max_value)), float(np.max(self.max_value))
        most = f"{high:g}" if low == high else f"{low:g} to {high:g}"
        levels = "" if self.quantized is None else f", {self.quantized} levels"
        return f"spiking neurons for at most {most}{levels}"

    def bound(self, reads: Sequence[float]) -> float:
        """Return the largest coefficient of a spike, where spikes are integers."""
        return self.population.largest_spike

    def operations(self, shapes: Sequence[Shape]) -> int:
        """Count its neurons."""
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class Readout(Node):
    """An output of the model: the `head` of what reaches it.

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
