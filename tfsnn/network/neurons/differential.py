"""Differential coding with multi-threshold neurons: a spike carries a change.

Z. Huang, W. Fang, T. Bu, P. Xue, Z. Hao, W. Liu, Y. Tang, Z. Yu, T. Huang,
"Differential Coding for Training-Free ANN-to-SNN Conversion", ICML 2025, arXiv
2503.00301 (read in the authors' code).

A receiver keeps the mean E of what it was sent, and a spike s at step t changes it to
E + s / t: it stands for the value E + s of that step, as if rate-coded. In units of the
smallest threshold, with n thresholds 2^k, k < n, and I the values received::

    U = V + I - E
    s = +-2^k for the largest k with |U| >= 0.75 * 2^k, else 0     one spike at most
    V <- U - s;    E <- E + s / t

For a ReLU a negative spike is allowed only while E stays >= 0; for one with an upper
bound (ours), a positive one only while E stays <= `max_coefficient`, so that a smaller
one is sent. The neuron is silent while its input does not change and it has decoded it:
spikes grow with the change of the signal, not with its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import tensorflow as tf

from tfsnn.network.neurons.in_nir import Never
from tfsnn.network.neurons.population import Emission, neuron_kind
from tfsnn.network.neurons.thresholded import Thresholded


class DifferentialState(NamedTuple):
    """The state of the neurons, ``(B, *units)``; `step`, a scalar, counts steps."""

    potential: Any
    mean: Any
    step: Any


@neuron_kind("differential")
@dataclass(frozen=True)
class Differential(Thresholded):
    """Neurons with `thresholds` thresholds, of which the smallest is `threshold`.

    Attributes:
        max_coefficient: the most that E may come to, in thresholds; None for no bound.
    """

    whole: ClassVar[bool] = False

    max_coefficient: Any | None = None
    thresholds: int = 4

    @property
    def negative_threshold(self) -> float:
        """The margin of negative spikes, 0: spikes of either sign round the change."""
        return 0.0

    def in_nir(self) -> Never:
        """Return that NIR has no spikes that stand for a change."""
        return Never(
            "has differential neurons, whose spikes weigh differently in each step: "
            "convert with a method of plain spikes (data_norm)"
        )

    def initial_state(self, shape: Any) -> DifferentialState:
        """Return the state before the first step for units of `shape`, (B, *units)."""
        return DifferentialState(self._start(shape), tf.zeros(shape), tf.constant(0.0))

    def advance(
        self, currents: list[Any], state: DifferentialState
    ) -> tuple[Emission, DifferentialState]:
        """Send the largest power of two that fits what has changed, in each step."""
        sent = Emission([], [], [])
        for current in currents:
            step = state.step + 1.0
            potential = state.potential + current - state.mean
            decoded = state.mean / self.threshold
            s = self._fire(potential / self.threshold, decoded, step)
            lowest = -step * decoded  # keeps the mean >= 0
            s = tf.where(s < lowest, 0.0, s)
            change = s * self.threshold
            sent.values.append(state.mean + change)
            sent.events.append(s)
            sent.potentials.append(potential - change)
            mean = state.mean + change / step
            state = DifferentialState(potential - change, mean, step)
        return sent, state

    def _fire(self, u: Any, decoded: Any, step: Any) -> Any:
        size, s = tf.abs(u), tf.zeros_like(u)
        for k in range(self.thresholds):
            fits = size >= 0.75 * 2.0**k
            if self.max_coefficient is not None:
                highest = step * (self.max_coefficient - decoded)
                fits &= (u < 0) | (2.0**k <= highest)
            s = tf.where(fits, 2.0**k, s)
        return tf.sign(u) * s
