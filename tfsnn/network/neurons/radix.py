"""Radix neurons: spikes whose weight depends on the step, most significant first.

Z. Wang, X. Gu, R. S. M. Goh, J. T. Zhou, T. Luo, "Efficient Spiking Neural Networks
with Radix Encoding", IEEE TNNLS 35(3), 2024, arXiv 2105.06943; for base 2 also the
few-spikes neuron with a ReLU (C. Stoeckl, W. Maass, "Optimized spiking neurons can
classify images with high accuracy through temporal coding with two spikes", Nature
Machine Intelligence 3, 2021, arXiv 2002.00860).

In thresholds, with radix r and the T steps of the layer before it::

    V <- r * V + I(t)                                 t = 1..T: one shift each step
    q = clip(floor(V + V(0)), 0, r^T - 1)             when its input has ended
    d = floor(q / r^(T-1)), q <- r * (q - d r^(T-1))  T more steps: the digit sent

so that sum d(t) r^(T-t) is the rounded and clipped sum: the layer is exactly a
quantised ReLU. A constant current x, and a bias, sum up to x (r^T - 1) / (r - 1): each
step stands for itself in a weighted mean (:class:`tfsnn.network.clock.Clock`).

Signed ones send the digits of abs(V), each with the sign of V: a neuron for either sign
of which one is silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.neurons.counting import Counting, largest, quotient
from tfsnn.network.neurons.in_nir import Never
from tfsnn.network.neurons.population import Emission, neuron_kind
from tfsnn.network.neurons.steps import Steps, stacked, total_current
from tfsnn.network.neurons.thresholded import Thresholded
from tfsnn.network.rounding import divided, step_weight

LARGEST = 2**24  # float32 has all integers up to it


def check_places(base: int, steps: int) -> None:
    """Refuse codes whose numbers float32 does not hold.

    Raises:
        OptionError: for more than 2^24 levels.
    """
    if base**steps > LARGEST:
        raise OptionError(
            f"{steps} digits to the base {base} make more than 2^24 levels, which are "
            "not exact in float32: take fewer time steps or a smaller base"
        )


def send_digits(
    population: Thresholded, q: Any, base: int, steps: int, counts: bool = False
) -> Emission:
    """Send the digits of whole numbers `q` >= 0, ``(B, *units)``, one in each step.

    Args:
        population: neurons, whose threshold a digit of 1 stands for.
        q: less than ``base**steps``.
        base: the radix.
        steps: the number of digits; the first is the most significant.
        counts: whether synapses receive the digits themselves, of integers that a
            division might round.
    """
    shape = (steps, *[1] * len(q.shape))
    places = [float(base ** (steps - 1 - t)) for t in range(steps)]
    place = tf.reshape(tf.constant(places), shape)
    # What is left behind the digits before, which is 0 before the first.
    high = quotient(q, base * place) if counts else tf.floor(divided(q, base * place))
    low = q - high * (base * place)
    digit = quotient(low, place) if counts else tf.floor(divided(low, place))
    left = (low - digit * place) * tf.reshape(tf.constant(places[::-1]), shape) * base
    return Emission(
        Steps(digit if counts else population.spike(digit)),
        Steps(digit),
        Steps(left * population.threshold),
    )


@neuron_kind("radix")
@dataclass(frozen=True)
class Radix(Counting):
    """Neurons that send the digits of their activation to the base `base` (r).

    Attributes:
        base: the radix.
        signed: whether activations, and with them digits, may be negative.
    """

    whole: ClassVar[bool] = True
    integers: ClassVar[bool] = True
    in_integers: ClassVar[bool] = True

    base: int = 2
    signed: bool = False

    @property
    def max_coefficient(self) -> float:
        """The largest digit, r - 1."""
        return float(self.base - 1)

    @property
    def closed_form(self) -> bool:
        """Whether the closed form holds: the digits are those of that sum.

        It says nothing of negative spikes.
        """
        return not self.signed

    def response(self, current: Any) -> Any:
        """Compute the mean value that is sent: the current, clipped to the range."""
        if not self.signed:
            return super().response(current)
        most = self.max_coefficient * self.threshold
        return tf.clip_by_value(current, -most, most)

    @property
    def rectifies(self) -> bool:
        """Whether it sends what a ReLU does: not with negative digits."""
        return not self.signed

    def in_nir(self) -> Never:
        """Return that NIR has no spikes that weigh by their step."""
        return Never(
            "has radix neurons, whose spikes weigh differently in each step: convert "
            "with a method of plain spikes (data_norm)"
        )

    def potentials(self, low: Any, high: Any, steps: int) -> tuple[Any, Any]:
        """Return what the sum of currents, of which each step weighs less, comes to."""
        return super().potentials(low, high, int(step_weight(self.base, steps)))

    def reached(self, currents: list[Any], sent: Emission) -> Any:
        """Return the largest size of the sum of currents, the last of all sums."""
        total = tf.zeros_like(currents[0])
        sums = [total := self.base * total + current for current in currents]
        return largest(sums)

    def advance(self, currents: list[Any], state: Any) -> tuple[Emission, Any]:
        """Send a digit of the sum of all `currents` in each step.

        Raises:
            OptionError: for more digits than float32 holds.
        """
        check_places(self.base, len(currents))
        if self.width is None:
            potential = total_current(currents, self.base)
        else:
            potential = tf.zeros_like(state.potential)
            for current in currents:
                potential = self.held(self.base * potential + current)
        most = self.base ** len(currents) - 1
        size = tf.abs(potential) if self.signed else potential
        size = size + state.potential
        q = self.quotient(size) if self.counts else tf.floor(size / self.threshold)
        q = tf.clip_by_value(q, 0.0, float(most))
        sent = send_digits(self, q, self.base, len(currents), self.counts)
        if not self.signed:
            return sent, state
        sign = tf.sign(potential)
        return Emission(*(Steps(stacked(each) * sign) for each in sent)), state
