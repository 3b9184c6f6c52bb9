"""Quantised neurons: spikes for an activation that the ANN rounds to levels itself.

They count the levels of their input with the very arithmetic that the ANN has
(:mod:`tfsnn.network.rounding`), and send the count::

    x = sum r^(T - t) I(t) / W            its input as a whole; W = sum r^(T - t)
    c = clip(round(x / step), 0, levels)  the count
    d(1..T)                               its digits to the base r, most significant
                                          first; for r = 1 the count itself, each step

So nothing is lost, whatever the order in which the input came: c is the ANN's own.

With digits the steps of a spike weigh differently (Radix encoding: Wang et al., IEEE
TNNLS 35(3), 2024, arXiv 2105.06943). For another number of steps than `steps` the
levels are finer or coarser, over the same range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfsnn.network.neurons.in_nir import Never
from tfsnn.network.neurons.population import Emission, Population, neuron_kind
from tfsnn.network.neurons.radix import check_places
from tfsnn.network.neurons.thresholded import is_one
from tfsnn.network.rounding import Rounding, step_weight, weighted_mean


@neuron_kind("quantised")
@dataclass(frozen=True)
class Quantised(Population):
    """Neurons that send the count of a quantised activation, or its digits.

    Attributes:
        threshold: what a spike of coefficient 1 sends; what it reads has this unit too.
        rounding: the fields of :class:`tfsnn.network.rounding.Rounding`.
        base: r, the base of the digits; 1 to send counts.
        steps: T, the steps that the digits were planned for.
    """

    description: ClassVar[str] = "quantised neurons"
    whole: ClassVar[bool] = True
    integers: ClassVar[bool] = True

    threshold: Any = 1.0
    rounding: Mapping[str, Any] = field(
        default_factory=lambda: {"levels": 1, "step": 1.0}
    )
    base: int = 1
    steps: int = 1

    def in_nir(self) -> Never:
        """Return that NIR has no neurons that wait for the end of their input."""
        return Never(
            "has quantised neurons, which wait for the end of their input: convert "
            "with a method of plain spikes (data_norm, qcfs)"
        )

    @property
    def max_coefficient(self) -> float:
        """The largest count, or the largest digit."""
        return float(self._rounding.most if self.base == 1 else self.base - 1)

    @property
    def _rounding(self) -> Rounding:
        return Rounding(**self.rounding)

    def response(self, current: Any) -> Any:
        """Compute the mean value sent for a mean current: its count, not rounded."""
        rounding = self._rounding
        count = rounding.sign * rounding.quotient(current / self.threshold)
        count = tf.clip_by_value(count, 0.0, np.float32(rounding.levels))
        return self._sent(count / step_weight(self.base, self.steps))

    def initial_state(self, shape: Any) -> tuple[()]:
        """Return that there is no state: all steps come at once."""
        return ()

    def advance(self, currents: list[Any], state: Any) -> tuple[Emission, Any]:
        """Send the count of the input, or one of its digits in each step.

        Raises:
            OptionError: for more digits than float32 holds.
        """
        left = self._count(self._whole_input(currents), len(currents))
        sent = Emission([], [], [])
        if self.base == 1:
            rest = tf.zeros_like(left)
            for _ in currents:
                sent.values.append(self._sent(left))
                sent.events.append(left)
                sent.potentials.append(rest)
            return sent, state
        place = float(self.base ** (len(currents) - 1))
        for _ in currents:
            digit = tf.floor(left / place)
            left = self.base * (left - digit * place)
            sent.values.append(self._sent(digit))
            sent.events.append(digit)
            sent.potentials.append(self._sent(left))
        return sent, state

    def _sent(self, c: Any) -> Any:
        return c if is_one(self.threshold) else c * self.threshold

    def _whole_input(self, currents: list[Any]) -> Any:
        x = weighted_mean(currents, self.base)
        return x if is_one(self.threshold) else x / self.threshold

    def _count(self, x: Any, steps: int) -> Any:
        if self.base == 1 or steps == self.steps:
            return self._rounding.counts(x)
        check_places(self.base, steps)
        finer = step_weight(self.base, steps) / step_weight(self.base, self.steps)
        q = tf.floor(self._rounding.sign * self._rounding.quotient(x) * finer + 0.5)
        most = np.floor(np.float32(self._rounding.levels) * finer)
        most = np.minimum(most, np.float32(self.base**steps - 1))
        return tf.clip_by_value(q, 0.0, most)
