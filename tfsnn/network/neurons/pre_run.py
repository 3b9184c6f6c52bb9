"""Neurons that a few pre-steps set up for each input, before the T steps that count.

SRP: Z. Hao, T. Bu, J. Ding, T. Huang, Z. Yu, "Reducing ANN-SNN Conversion Error through
Residual Membrane Potential", AAAI 2023, arXiv 2302.02091. COS: Z. Hao, J. Ding, T. Bu,
T. Huang, Z. Yu, "Bridging the Gap between ANNs and SNNs by Calibrating Offset Spikes",
ICLR 2023, arXiv 2302.10685.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf

from tfsnn.network.neurons.in_nir import Lost, Never, Written
from tfsnn.network.neurons.integrate_fire import Firing, Neuron
from tfsnn.network.neurons.population import Emission, neuron_kind
from tfsnn.network.neurons.thresholded import State

FAR = 2.0**24  # beyond all potentials that are integers
PRE_STEPS = Lost(
    "pre-steps",
    "the same potentials for every input",
    "convert with another method than srp or cos",
    clock=("pre_steps", "layer_by_layer"),
)


@neuron_kind("silenced")
@dataclass(frozen=True)
class Silenced(Neuron):
    """Integrate-and-fire neurons, silent without a positive residual potential: SRP.

    tau = `pre_steps` steps from V(0); those with V(tau) <= `tolerance` * threshold are
    masked in the steps that count, which start from V(0) again.
    """

    description: ClassVar[str] = "neurons that pre-steps silence"
    whole: ClassVar[bool] = True
    integers: ClassVar[bool] = True
    in_integers: ClassVar[bool] = True

    pre_steps: int = 4
    tolerance: float = 1e-3

    @property
    def closed_form(self) -> bool:
        """Whether the closed form holds, the silent neurons aside."""
        return self._conserves

    def in_nir(self) -> Written | Never:
        """Return that NIR's IF has no pre-steps."""
        return self._without_leak(PRE_STEPS)

    def advance(self, currents: list[Any], state: State) -> tuple[Emission, State]:
        """Go through the pre-steps, then through the steps that count, masked."""
        before, after = super().advance(currents[: self.pre_steps], state)
        residual = after.potential
        least = self.tolerance * self.threshold
        active = tf.cast(residual > least, residual.dtype)
        sent, last = super().advance(currents[self.pre_steps :], state)
        values = [active * value for value in sent.values]
        events = [active * event for event in sent.events]
        return joined(before, Emission(values, events, sent.potentials)), last


@neuron_kind("offset_corrected")
@dataclass(frozen=True)
class OffsetCorrected(Firing):
    """Integrate-and-fire neurons, their V(0) shifted by offset spikes: COS.

    rho = `pre_steps` steps from V(0). Of a neuron that fired and ends below 0 (one
    spike too many), V(0) falls by max(1, m - 0.999) thresholds, with m the smallest
    potential at which it fired; of one that ends at the threshold or above (one too
    few), V(0) rises by max(1, 1.001 - m), with m the largest at which it did not fire.
    This is done `repeats` times; then the pre-steps run again, for the layers behind,
    and the steps that count.
    """

    description: ClassVar[str] = "neurons that pre-steps correct by whole spikes"
    whole: ClassVar[bool] = True
    integers: ClassVar[bool] = True
    in_integers: ClassVar[bool] = True

    pre_steps: int = 4
    repeats: int = 1

    @property
    def closed_form(self) -> bool:
        """Whether the closed form holds: it does, the shift of the potential aside."""
        return True

    def in_nir(self) -> Written:
        """Return that NIR's IF has no pre-steps."""
        return Written((PRE_STEPS,))

    @property
    def _neurons(self) -> Neuron:
        """The integrate-and-fire neurons whose initial potential is shifted."""
        return Neuron(
            self.threshold,
            self.initial_potential,
            self.negative_threshold,
            self.max_coefficient,
            straight_through=self.straight_through,
            surrogate=self.surrogate,
            counts=self.counts,
            width=self.width,
        )

    def advance(self, currents: list[Any], state: State) -> tuple[Emission, State]:
        """Shift the potential by the pre-steps, then go through all steps."""
        pre, counted = currents[: self.pre_steps], currents[self.pre_steps :]
        for _ in range(self.repeats):
            state = State(state.potential + self._shift(pre, state))
        before, _ = self._neurons.advance(pre, state)
        sent, last = self._neurons.advance(counted, state)
        return joined(before, sent), last

    def _shift(self, currents: list[Any], state: State) -> Any:
        """Return by how much V(0) is to move, in units of activation."""
        if self.counts:
            return self._shift_integers(currents, state)
        sent, last = self._neurons.advance(currents, state)
        least = tf.fill(tf.shape(last.potential), float("inf"))
        most, fired_ever = -least, tf.zeros_like(last.potential)
        for c, after in zip(sent.events, sent.potentials, strict=True):
            u = (after + self.spike(c)) / self.threshold
            least = tf.where(c > 0, tf.minimum(least, u), least)
            most = tf.where(c > 0, most, tf.maximum(most, u))
            fired_ever += c
        residual = last.potential / self.threshold
        down = tf.where(
            (residual < 0) & (fired_ever > 0), tf.maximum(1.0, least - 0.999), 0.0
        )
        up = tf.where(residual >= 1, tf.maximum(1.0, 1.001 - most), 0.0)
        # A neuron that fired in every step cannot fire more often.
        up = tf.where(tf.math.is_finite(up), up, 0.0)
        return (up - down) * self.threshold

    def _shift_integers(self, currents: list[Any], state: State) -> Any:
        """Return by how much V(0) is to move, an integer: just to fire, or not to."""
        sent, last = self._neurons.advance(currents, state)
        threshold = tf.convert_to_tensor(self.threshold, last.potential.dtype)
        largest = tf.fill(tf.shape(last.potential), FAR)
        least, most = largest, -largest
        for c, after in zip(sent.events, sent.potentials, strict=True):
            potential = after + self.spike(c)
            least = tf.where(c > 0, tf.minimum(least, potential), least)
            most = tf.where(c > 0, most, tf.maximum(most, potential))
        fell = (last.potential < 0) & (least < FAR)
        down = tf.where(fell, tf.maximum(threshold, least - (threshold - 1.0)), 0.0)
        rose = (last.potential >= threshold) & (most > -FAR)
        up = tf.where(rose, tf.maximum(threshold, threshold - most), 0.0)
        return up - down


def joined(before: Emission, after: Emission) -> Emission:
    """Return what was sent in two stretches of time, one after the other."""
    return Emission(*(a + b for a, b in zip(before, after, strict=True)))
