"""Coders: neurons that send a constant input x in [0, 1] as binary spikes.

An integrate-and-fire neuron with V(0) = 0 and threshold 1 has sent floor(t x) spikes by
step t. The spikes are computed by this formula, for a sum of many steps would round::

    s(t) = floor(t x) - floor((t - 1) x)

So T steps lose d = x - floor(T x) / T of it. The compensated coder adds d to each value
sent, and the values of all steps have the sum T x (coding compensation: Li et al., see
:mod:`tfsnn.conversion.methods.ic_snn`). It needs to know T. Spikes are counted; beside
them, d costs one pass of the next synapses.

With V(0) = v, t x + v takes the place of t x; v = 1/2 sends round(t x) by step t.

Inputs outside of [0, 1] are clipped. No coder is corrected
(:mod:`tfsnn.conversion.correct`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import tensorflow as tf

from tfsnn.network.neurons.in_nir import Lost, Written
from tfsnn.network.neurons.population import Emission, Population, neuron_kind
from tfsnn.network.neurons.thresholded import is_zero

COMPENSATION = Lost(
    "coding compensation",
    "spikes of the input without the rest that they lose",
    "convert with another method than ic_snn",
)


class CoderState(NamedTuple):
    """The state of a coder: the steps done, a scalar, for its input is constant."""

    step: Any


@neuron_kind("rate_coder")
@dataclass(frozen=True)
class RateCoder(Population):
    """Coders of an input: a spike for each threshold by which the input's sum grows.

    Attributes:
        threshold: the input that one spike in each step stands for; > 0.
        initial_potential: V(0), in units of the input, in [0, threshold).
    """

    description: ClassVar[str] = "coders of an input"
    whole: ClassVar[bool] = False
    integers: ClassVar[bool] = True
    encodes_input: ClassVar[bool] = True
    still: ClassVar[bool] = True

    threshold: Any = 1.0
    initial_potential: Any = 0.0

    def in_nir(self) -> Written:
        """Return that NIR's IF does the same, as long as its sums do not round."""
        return Written()

    def initial_state(self, shape: Any) -> CoderState:
        """Return the state before the first step."""
        return CoderState(tf.constant(0.0))

    def advance(
        self, currents: list[Any], state: CoderState
    ) -> tuple[Emission, CoderState]:
        """Send the spikes of some steps; the currents are all the same."""
        sent, step = Emission([], [], []), state.step
        for current in currents:
            x = self._input(current)
            after = tf.floor(self._total(step + 1.0, x))
            spike = after - tf.floor(self._total(step, x))
            step = step + 1.0
            sent.values.append(spike * self.threshold)
            sent.events.append(spike)
            potential = self._total(step, x) - after
            sent.potentials.append(potential * self.threshold)
        return sent, CoderState(step)

    def _total(self, step: Any, x: Any) -> Any:
        """Return what a neuron has received by a step, and V(0), in thresholds."""
        if is_zero(self.initial_potential):
            return step * x
        return step * x + self.initial_potential / self.threshold

    def _input(self, current: Any) -> Any:
        """Return the input in thresholds, clipped to [0, 1]."""
        return tf.clip_by_value(current / self.threshold, 0.0, 1.0)


@neuron_kind("compensated_coder")
@dataclass(frozen=True)
class CompensatedCoder(RateCoder):
    """Coders of an input that add to each value what the spikes lose."""

    description: ClassVar[str] = "coders of an input, compensated"
    whole: ClassVar[bool] = True
    encodes_input: ClassVar[bool] = True
    still: ClassVar[bool] = True

    def in_nir(self) -> Written:
        """Return that NIR's IF loses the compensation."""
        return Written((COMPENSATION,))

    def advance(
        self, currents: list[Any], state: CoderState
    ) -> tuple[Emission, CoderState]:
        """Send the spikes of all steps, and in each the mean of what they lose."""
        sent, after = super().advance(currents, state)
        steps, x = len(currents), self._input(currents[0])
        lost = (x - tf.floor(steps * x) / steps) * self.threshold
        values = [value + lost for value in sent.values]
        return sent._replace(values=values), after
