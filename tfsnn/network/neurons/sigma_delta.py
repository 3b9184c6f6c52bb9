"""Sigma-delta neurons: a spike carries the change of an activation, if it is enough.

As on Loihi 2 (Intel's lava, `proc/sdn`). With r the sum of what a neuron has sent, and
x the current of a step, which is that of the sums r of the neurons before::

    a = max(x, 0)                    the activation, as the ANN has it
    s = a - r  if |a - r| >= theta, else 0
    r <- r + s

What synapses receive here is r, the value that their receivers keep by adding up the
changes; so nothing accumulates rounding errors. What is counted is the spikes: a step
in which little changes costs little. Always |a - r| < theta; for theta = 0, r = a.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.network.neurons.in_nir import Never
from tfsnn.network.neurons.population import Emission, Population, neuron_kind
from tfsnn.network.rounding import Rounding


class SigmaDeltaState(NamedTuple):
    """The state of the neurons: r, the sum of what they have sent, ``(B, *units)``."""

    sent: Any


@neuron_kind("sigma_delta")
@dataclass(frozen=True)
class SigmaDelta(Population):
    """Neurons that send changes of their activation, of theta or more.

    Attributes:
        threshold: the activation that the value 1 stands for; > 0.
        max_coefficient: the largest activation, in thresholds; None for no bound.
        theta: the least change that is sent, in thresholds; a number, or nested lists
            that broadcast to the units.
        rectified: whether the activation is that of a ReLU; if not, it is the current.
        rounding: the fields of :class:`tfsnn.network.rounding.Rounding`, for an
            activation that the ANN rounds; None for others.
    """

    description: ClassVar[str] = "sigma-delta neurons"
    whole: ClassVar[bool] = False

    threshold: Any = 1.0
    max_coefficient: Any | None = None
    theta: Any = 0.0
    rectified: bool = True
    rounding: Mapping[str, Any] | None = None

    def in_nir(self) -> Never:
        """Return that NIR has no spikes that stand for a change."""
        return Never(
            "has sigma-delta neurons, whose spikes carry changes of values: convert "
            "with a method of plain spikes (data_norm)"
        )

    def response(self, current: Any) -> Any:
        """Compute the activation."""
        if self.rounding is not None:
            rounding = Rounding(**self.rounding)
            return rounding.values(rounding.counts(current))
        if not self.rectified:
            return current
        return super().response(current)

    def initial_state(self, shape: Any) -> SigmaDeltaState:
        """Return the state before the first step for units of `shape`, (B, *units)."""
        return SigmaDeltaState(tf.zeros(shape))

    def advance(
        self, currents: list[Any], state: SigmaDeltaState
    ) -> tuple[Emission, SigmaDeltaState]:
        """Send what has changed enough, in each step."""
        least = np.asarray(self.theta, np.float32) * self.threshold
        sent, r = Emission([], [], []), state.sent
        for current in currents:
            activation = self.response(current)
            change = activation - r
            sends = (tf.abs(change) >= least) & (change != 0.0)
            r = tf.where(sends, activation, r)
            sent.values.append(r)
            sent.events.append(tf.where(sends, tf.sign(change), 0.0))
            sent.potentials.append(activation - r)
        return sent, SigmaDeltaState(r)
