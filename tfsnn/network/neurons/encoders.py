"""Coders: neurons that send a constant input x in [0, 1] as binary spikes.

An integrate-and-fire neuron with V(0) = 0 and threshold 1 has sent floor(t x) spikes by
step t. That is what is computed here, for a sum of many steps would round otherwise::

    s(t) = floor(t x) - floor((t - 1) x)

So T steps lose d = x - floor(T x) / T of it. The compensated coder adds d to each value
sent, and the values of all steps have the sum T x (coding compensation: Li et al., see
:mod:`tfsnn.conversion.methods.ic_snn`). It needs to know T. Counted are the spikes; d
costs one pass of the next synapses beside them.

Inputs outside of [0, 1] are clipped. No coder is corrected
(:mod:`tfsnn.conversion.correct`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import tensorflow as tf

from tfsnn.network.neurons.population import Sent


class CoderState(NamedTuple):
    """The steps done, a scalar: of a constant input nothing else is left."""

    step: Any


@dataclass(frozen=True)
class RateCoder:
    """A binary spike whenever the sum of the input has grown by a threshold."""

    whole: ClassVar[bool] = False
    integers: ClassVar[bool] = True

    threshold: Any = 1.0
    initial_potential: Any = 0.0
    negative_threshold: Any | None = None
    max_coefficient: Any | None = 1.0

    def initial_state(self, shape: Any) -> CoderState:
        """No step done."""
        return CoderState(tf.constant(0.0))

    def advance(
        self, currents: list[Any], state: CoderState
    ) -> tuple[Sent, CoderState]:
        """See the module; the currents are all the same."""
        sent, step = Sent([], [], []), state.step
        for current in currents:
            x = self._input(current)
            after = tf.floor((step + 1.0) * x)
            spike = after - tf.floor(step * x)
            step = step + 1.0
            sent.values.append(spike * self.threshold)
            sent.events.append(spike)
            sent.potentials.append((step * x - after) * self.threshold)
        return sent, CoderState(step)

    def _input(self, current: Any) -> Any:
        """In thresholds, in [0, 1]."""
        return tf.clip_by_value(current / self.threshold, 0.0, 1.0)


@dataclass(frozen=True)
class CompensatedCoder(RateCoder):
    """The same, with what the spikes lose added to each of the values."""

    whole: ClassVar[bool] = True
    integers: ClassVar[bool] = False

    def advance(
        self, currents: list[Any], state: CoderState
    ) -> tuple[Sent, CoderState]:
        """See the module."""
        sent, after = super().advance(currents, state)
        steps, x = len(currents), self._input(currents[0])
        lost = (x - tf.floor(steps * x) / steps) * self.threshold
        values = [value + lost for value in sent.values]
        return sent._replace(values=values), after
