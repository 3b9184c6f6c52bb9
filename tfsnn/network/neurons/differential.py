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

from tfsnn.network.neurons.population import Sent


class DifferentialState(NamedTuple):
    """Each ``(B, *units)``, in units of activation; `step` is a scalar."""

    potential: Any
    mean: Any
    step: Any


@dataclass(frozen=True)
class Differential:
    """Neurons with `thresholds` thresholds, of which the smallest is `threshold`.

    Attributes:
        max_coefficient: the most that E may come to, in thresholds; None for no bound.
    """

    whole: ClassVar[bool] = False
    integers: ClassVar[bool] = False

    threshold: Any = 1.0
    initial_potential: Any = 0.0
    negative_threshold: Any | None = 0.0
    max_coefficient: Any | None = None
    thresholds: int = 4

    def initial_state(self, shape: Any) -> DifferentialState:
        """Nothing sent yet."""
        potential = tf.broadcast_to(
            tf.convert_to_tensor(self.initial_potential, tf.float32), shape
        )
        return DifferentialState(potential, tf.zeros(shape), tf.constant(0.0))

    def advance(
        self, currents: list[Any], state: DifferentialState
    ) -> tuple[Sent, DifferentialState]:
        """See the module."""
        sent = Sent([], [], [])
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
