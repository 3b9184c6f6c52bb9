"""The error of a population, split into four parts that add up to it exactly.

All in units of activation, for every unit of every sample::

    a   the activation in the ANN, g(x) of its current x
    y   the decoded activation: the mean of what the spikes carry
    z   the mean current in the spiking network
    f   min(g, M), with M the most that spikes can code: for a ReLU, the ReLU clipped
    Q   what the neuron sends for a current that arrives evenly; with n the weight of
        T steps (T where all count alike), s the scale and C the largest coefficient
            Q(z) = s / n * clip(floor(n z / s + V(0)), 0, C n),      M = C s

    y - a = (f(x) - a)          clipping: more than the spikes can code
          + (Q(z) - f(z))       quantisation: the steps of the code
          + (y - Q(z))          unevenness: the current came unevenly, or too late
          + (f(z) - f(x))       inherited: what the layers before brought in

The sum telescopes, whatever the neuron. For signed and unsigned spikes alike the code
goes from 0 to C n. Silencing by pre-steps counts as unevenness. Of neurons that have no
such closed form (:attr:`tfsnn.network.neurons.Population.closed_form`: differential
coding, few-spikes neurons, coders of inputs), Q is what they do send when they are
given z in every step. The split of an error by its causes
goes back to T. Bu et al., "Optimal ANN-SNN conversion for high-accuracy and
ultra-low-latency spiking neural networks", ICLR 2022.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.network.clock import Clock
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate, Spiking

# Counts that float32 has rounded to just below a whole number are that number.
ROUNDING = 4e-7  # of the count: a few times the distance of float32 numbers

CAUSES = ("clipping", "quantisation", "unevenness", "inherited")


class Parts(NamedTuple):
    """The parts of an error, each ``(N, *units)`` float64 in units of activation."""

    clipping: np.ndarray
    quantisation: np.ndarray
    unevenness: np.ndarray
    inherited: np.ndarray


@dataclass(frozen=True)
class Code:
    """The code of a population's spikes; arrays broadcast to its units.

    Attributes:
        activation: g, of currents ``(N, *units)`` in units of activation.
        scale: s, the activation that one spike per step stands for.
        most: C, in thresholds; infinite for no bound.
        start: V(0) in thresholds, and what a constant drive adds to it until the end.
        weight: n, the weight of all steps.
        threshold: the threshold, 1 in normal form, in units of the potentials.
        sent: the mean of what is sent for a constant current, both in thresholds, for
            neurons without the closed form; None for the others.
    """

    activation: Callable[[Any], Any]
    scale: Any
    most: Any
    start: Any
    weight: float
    threshold: Any = 1.0
    sent: Callable[[np.ndarray], Any] | None = None

    @classmethod
    def of(cls, node: Spiking, original: Rate, clock: Clock, timesteps: int) -> Code:
        """Return the code of a node in normal form; `original` is that in the ANN."""
        weight, neurons = clock.weight(timesteps), node.population
        most = np.inf if neurons.max_coefficient is None else neurons.max_coefficient
        threshold = np.asarray(neurons.threshold, np.float64)
        start = np.asarray(neurons.initial_potential, np.float64) / threshold

        def sent(current: np.ndarray) -> Any:
            currents = [tf.constant(current * threshold, tf.float32)] * (
                clock.pre_steps + timesteps
            )
            state = neurons.initial_state(current.shape)
            values = neurons.advance(currents, state)[0].values
            return clock.mean([value.numpy().astype(np.float64) for value in values])

        return cls(
            activation=lambda x: original.apply(tf.constant(x, tf.float32)).numpy(),
            scale=np.asarray(node.scale, np.float64),
            most=np.asarray(most, np.float64),
            start=start + weight * neurons.drive,
            weight=weight,
            threshold=threshold,
            sent=None if neurons.closed_form else sent,
        )

    @property
    def largest(self) -> np.ndarray:
        """M, the largest activation that can be coded."""
        return self.most * self.scale

    def evenly(self, current: np.ndarray) -> np.ndarray:
        """Return Q of mean currents in thresholds, in units of activation."""
        if self.sent is not None:
            return self.sent(current) * self.scale
        counts = current * self.weight + self.start
        counts = np.floor(counts + ROUNDING * np.maximum(counts, 1.0))
        counts = np.minimum(np.maximum(counts, 0.0), self.most * self.weight)
        return counts / self.weight * self.scale


def split(code: Code, decoded: Any, current: Any, activation: Any) -> Parts:
    """Split the error of a population; arguments are ``(N, *units)``.

    Args:
        code: the code of the population.
        decoded: the mean of what was sent, in thresholds.
        current: the mean current in the spiking network, in thresholds.
        activation: a, in units of activation.
    """
    decoded, current, activation = (
        np.asarray(values, np.float64) for values in (decoded, current, activation)
    )
    even = code.evenly(current)
    ours = np.minimum(code.activation(current * code.scale), code.largest)
    theirs = np.minimum(activation, code.largest)
    return Parts(
        clipping=theirs - activation,
        quantisation=even - ours,
        unevenness=decoded * code.scale - even,
        inherited=ours - theirs,
    )


def mean_currents(graph: Graph, x: Any, decoded: dict[str, Any]) -> dict[str, Any]:
    """Return the mean current of each population, ``(N, *units)``, in its thresholds.

    Every node between populations is linear, or a running sum, which has sent f of the
    mean of its inputs: so a walk on means, where each population is replaced by the
    mean of what it sent, gives all mean currents exactly. (But for functions that are
    not finite at the mean, such as the logarithm of 0, which are taken as 0.)

    Args:
        graph: the spiking network.
        x: inputs of the network.
        decoded: the mean of what each population sent, in thresholds, by name.
    """
    means: dict[str, Any] = dict(graph.feed(x))
    currents = {}
    for node in graph:
        if node.spikes:
            currents[node.name] = np.asarray(means[node.inputs[0]])
            means[node.name] = np.asarray(decoded[node.name], np.float32)
        elif node.inputs and node.name not in graph.outputs:
            mean = node.apply(*(means[name] for name in node.inputs))
            if node.partial:
                mean = np.where(np.isfinite(mean), mean, np.float32(0))
            means[node.name] = mean
    return currents
