"""The integrate-and-fire neuron: one pure step on a named state.

With the input current I of a step, all in units of activation::

    U = (1 - leak) * V + I
    c = fire(U)                     the integer that the spike carries
    V = U - c * threshold           reset by subtraction ("zero": V = 0 where c != 0)
    E = E + c                       what has been sent; kept where spikes are signed

fire(U), with u = U / threshold and n = negative_threshold / threshold::

    c = min(floor(u), C)                              for u >= 0
    c = max(floor(u + n), -C, -E)                     for u < -n
    c = 0                                             between, or if unsigned

So the potential stays in [-negative_threshold, threshold) as long as C suffices, and
a negative spike takes back only what was sent: E >= 0 holds, as it does for a ReLU.

Binary spikes are C = 1, unsigned; TerMapping C = 1, signed; AugMapping C > 1, signed
(Yu et al., IEEE TNNLS 33(4), 2022, whose equations are not public: this is the reading
consistent with their abstract). A negative spike is fired strictly below
``-negative_threshold``, so that zero as negative threshold means rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import tensorflow as tf

from tfsnn.network.neurons.counting import Counting
from tfsnn.network.neurons.in_nir import Lost, Never, Written
from tfsnn.network.neurons.population import Emission, neuron_kind
from tfsnn.network.neurons.thresholded import State, is_one, is_zero
from tfsnn.surrogates import Surrogate, as_surrogate

# Steps of fire(U) that can have a slope of their own; more have their sum, about 1.
MOST_STEPS = 8


@dataclass(frozen=True)
class Firing(Counting):
    """A population whose spikes carry integers, c = fire(U) of the module.

    Attributes:
        negative_threshold: the margin below 0, >= 0; None for unsigned spikes.
        max_coefficient: the most that a spike carries; None for no bound.
        straight_through: whether spikes pass gradients on, by default as if they were
            not rounded. (TensorFlow keeps a custom gradient for good, with what it
            reads.)
        surrogate: a :class:`~tfsnn.surrogates.Surrogate`, its name or its config: the
            slopes of the steps of fire(U), which add up; of more than
            :data:`MOST_STEPS` steps gradients are straight-through.
    """

    negative_threshold: Any | None = None
    max_coefficient: Any | None = 1.0
    straight_through: bool = field(default=True, kw_only=True)
    surrogate: Surrogate | str | Mapping[str, Any] | None = field(
        default=None, kw_only=True
    )

    def initial_state(self, shape: Any) -> State:
        """Return the state before the first step for units of `shape`, (B, *units)."""
        return State(self._start(shape), tf.zeros(shape) if self._signed else ())

    @property
    def _signed(self) -> bool:
        return self.negative_threshold is not None

    def _fire(self, potential: Any, unsent: Any) -> Any:
        if self.counts:
            return self._fire_integers(potential, unsent)
        u = potential if is_one(self.threshold) else potential / self.threshold
        most = self.max_coefficient
        if not self._signed:
            return self._rounded(u, 0.0, 0.0)
        least = unsent if most is None else tf.maximum(unsent, -most)
        margin = self.negative_threshold
        if not (is_one(self.threshold) or is_zero(margin)):
            margin = margin / self.threshold
        return self._rounded(u, least, margin)

    def _fire_integers(self, potential: Any, unsent: Any) -> Any:
        """Return the coefficients for potentials that are integers, as thresholds."""
        most, margin = self.max_coefficient, self.negative_threshold
        if is_one(most):
            c = tf.cast(potential >= self.threshold, potential.dtype)
            if margin is None:
                return c
            back = (potential < -margin) & (unsent < 0)
            return c - tf.cast(back, c.dtype)
        if margin is None:
            c = tf.maximum(self.quotient(potential), 0.0)
            return c if most is None else tf.minimum(c, most)
        below = potential < 0
        c = self.quotient(tf.where(below, potential + margin, potential))
        c = tf.maximum(tf.where(below, tf.minimum(c, 0.0), c), unsent)
        return c if most is None else tf.minimum(tf.maximum(c, -most), most)

    def _rounded(self, u: Any, least: Any, margin: Any) -> Any:
        """Return the coefficients for potentials in thresholds, with their gradient."""
        most, passes = self.max_coefficient, self.straight_through
        count = int(most) if isinstance(most, int | float) else MOST_STEPS + 1
        if self.surrogate is None or not passes or count > MOST_STEPS:
            return floor_clipped(u, least, most, margin, passes)
        slopes = as_surrogate(self.surrogate)
        c = floor_clipped(u, least, most, margin, straight_through=False)
        steps = [slopes.slope(u - k) for k in range(1, count + 1)]
        if self._signed:  # a step down is there only for what was sent
            down = [slopes.slope(u + margin + k) for k in range(count)]
            steps += [tf.where(least < -k, s, 0.0) for k, s in enumerate(down)]
        slope = tf.stop_gradient(tf.add_n(steps))
        return tf.stop_gradient(c) + slope * (u - tf.stop_gradient(u))


@neuron_kind("integrate_fire")
@dataclass(frozen=True)
class Neuron(Firing):
    """Integrate-and-fire neurons, with or without a leak.

    Attributes:
        reset: "subtract" or "zero".
        leak: share of the potential lost in each step, in [0, 1).
    """

    description: ClassVar[str] = "integrate-and-fire neurons"
    whole: ClassVar[bool] = False
    integers: ClassVar[bool] = True
    in_integers: ClassVar[bool] = True

    reset: str = "subtract"
    leak: float = 0.0

    @property
    def closed_form(self) -> bool:
        """Whether the closed form holds: where nothing leaks or is lost by a reset."""
        return self._conserves

    def in_nir(self) -> Written | Never:
        """Return that NIR's IF does the same, or LIF where they leak."""
        if self.leak and not self._signed:
            return Written(neuron="LIF")
        return self._without_leak()

    def step(self, current: Any, state: State) -> tuple[Any, State]:
        """Return the coefficients sent in one step, and the next state."""
        before = state.potential if self.leak == 0 else state.potential * self._kept
        potential = self.held(before + current)
        c = self._fire(potential, state.unsent)
        if self.reset == "zero":
            after = tf.where(c != 0, 0.0, potential)
        else:
            after = potential - self.spike(c)
        return c, State(after, state.unsent - c if self._signed else ())

    def advance(self, currents: list[Any], state: State) -> tuple[Emission, State]:
        """Go through the currents of some steps, each ``(B, *units)``."""
        sent = Emission([], [], [])
        for current in currents:
            c, state = self.step(current, state)
            sent.values.append(self.value(c))
            sent.events.append(c)
            sent.potentials.append(state.potential)
        return sent, state

    @property
    def _kept(self) -> float:
        return 1.0 - self.leak

    @property
    def _conserves(self) -> bool:
        return self.reset == "subtract" and self.leak == 0

    def _without_leak(self, *lost: Lost) -> Written | Never:
        if self.leak == 0:
            return Written(lost)
        return Never("leaks, and IF in NIR does not: take neurons without a leak")


@neuron_kind("driven")
@dataclass(frozen=True)
class Driven(Neuron):
    """Integrate-and-fire neurons with a constant current beside their synapses'.

    Attributes:
        drive: the constant current of each step, in thresholds.
    """

    description: ClassVar[str] = "neurons with a constant current"
    whole: ClassVar[bool] = False
    integers: ClassVar[bool] = True
    in_integers: ClassVar[bool] = True

    drive: float = 0.0

    @property
    def closed_form(self) -> bool:
        """Whether the closed form holds: where nothing leaks or is lost by a reset."""
        return self._conserves

    def in_nir(self) -> Written | Never:
        """Return that NIR's IF with a bias does the same, unless they leak."""
        return self._without_leak()

    def response(self, current: Any) -> Any:
        """Compute the mean value sent for a mean current, the constant one added."""
        return super().response(current + self.drive * self.threshold)

    def step(self, current: Any, state: State) -> tuple[Any, State]:
        """Return the coefficients sent in one step, and the next state."""
        drive = self.drive if self.counts else self.drive * self.threshold
        return super().step(current + drive, state)


def floor_clipped(
    u: Any, least: Any, most: Any | None, margin: Any, straight_through: bool
) -> Any:
    """Return floor(u) clipped, where -margin <= u < 0 counts as 0.

    Straight through, its gradient is that of the clipped u.
    """

    def clipped(u: Any) -> Any:
        c = tf.floor(u)
        if not is_zero(margin):
            c = tf.where(u < 0, tf.minimum(tf.floor(u + margin), 0.0), c)
        if isinstance(most, int | float):
            # One pass over memory, where tf.clip_by_value makes two.
            c = tf.raw_ops.ClipByValue(t=c, clip_value_min=least, clip_value_max=most)
        else:
            c = tf.maximum(c, least)
            c = c if most is None else tf.minimum(c, most)

        def gradient(upstream: Any) -> Any:
            inside = u >= least - margin
            inside = inside if most is None else inside & (u <= most + 1.0)
            return tf.where(inside, upstream, 0.0)

        return c, gradient

    return tf.custom_gradient(clipped)(u) if straight_through else clipped(u)[0]
