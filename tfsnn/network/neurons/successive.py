"""Neurons that find the digits of a function by comparing, from the first to the last.

A population has its complete input x first, as radix neurons have; then it tries in
each step whether another digit of 1 would still be too much::

    z(t) = 1 if g(s + 2^-t) <= x, else 0;  s <- s + 2^-t z(t)       t = 1..T, s = 0

with g the inverse of the function f that it computes, so that s ends as f(x), rounded
down to T bits. The comparison is that of a potential with a threshold, which rises with
what the neuron itself has sent (an adaptive threshold), and takes no more than sums and
products:

=========== ====================== ==============================================
f           a digit d is sent where what a neuron does
=========== ====================== ==============================================
exp(x)      x >= log(s + d)        its threshold rises with what it has sent
1 / x       1 >= x (s + d)         its input is the threshold, its potential is 1
1 / sqrt(x) 1 >= x (s + d)^2       the same, of a threshold that grows with s^2
=========== ====================== ==============================================

Rounded to the nearest level by `initial_potential` = 0.5, which moves each comparison
by half a level. An input at which f is not finite, or not defined, saturates. The
simulation computes f and takes its digits; a test goes through the comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.functions import FUNCTIONS
from tfsnn.network.neurons.in_nir import Never
from tfsnn.network.neurons.population import Emission, neuron_kind
from tfsnn.network.neurons.radix import check_places, send_digits
from tfsnn.network.neurons.steps import total_current
from tfsnn.network.neurons.thresholded import Thresholded

FUNCTIONS_OF_DIGITS = ("exp", "reciprocal", "rsqrt")


@neuron_kind("successive")
@dataclass(frozen=True)
class Successive(Thresholded):
    """Neurons that send the digits of a function; their threshold is its largest value.

    Attributes:
        function: the function, one of :data:`FUNCTIONS_OF_DIGITS`.
        largest: the value of the function that digits of 1 alone stand for.
    """

    description: ClassVar[str] = "neurons of successive digits"
    whole: ClassVar[bool] = True

    function: str = "exp"
    largest: float = 1.0

    def __post_init__(self) -> None:
        """Refuse another function.

        Raises:
            OptionError: naming those that there are.
        """
        if self.function not in FUNCTIONS_OF_DIGITS:
            raise OptionError(
                f"neurons of successive digits do not compute {self.function!r}: take "
                f"one of {', '.join(FUNCTIONS_OF_DIGITS)}"
            )

    @property
    def rectifies(self) -> bool:
        """Whether it sends what a ReLU does: it does not."""
        return False

    def in_nir(self) -> Never:
        """Return that NIR has no spikes that weigh by their step."""
        return Never(
            f"has neurons that send the digits of {self.function}: convert with a "
            "method of plain spikes (data_norm), which computes it by a running sum"
        )

    def response(self, current: Any) -> Any:
        """Compute the function of the current, up to its largest value."""
        unit = self.threshold / self.largest
        return unit * tf.minimum(self._value(current / unit), self.largest)

    def _value(self, x: Any) -> Any:
        """Compute the function, beyond its largest value where it has none."""
        y = FUNCTIONS[self.function](x)
        defined = tf.math.is_finite(y) & (y >= 0)
        return tf.where(defined, y, 2.0 * self.largest)

    def advance(self, currents: list[Any], state: Any) -> tuple[Emission, Any]:
        """Send a digit of the function of the mean of all `currents` in each step.

        Raises:
            OptionError: for more digits than float32 holds.
        """
        steps = len(currents)
        check_places(2, steps)
        most = float(2**steps - 1)
        unit = self.threshold / self.largest
        total = total_current(currents, 2)
        levels = self._value(total / (most * unit)) / self.largest * most
        start = state.potential / self.threshold
        q = tf.clip_by_value(tf.floor(levels + start), 0.0, most)
        return send_digits(self, q, 2, steps), state
