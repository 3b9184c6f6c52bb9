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

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import tensorflow as tf

from tfsnn.network.neurons.population import Sent


class State(NamedTuple):
    """What a neuron carries from step to step, each ``(B, *units)``.

    `unsent` is -E, the lowest coefficient that the next spike may carry; it is empty
    where spikes are unsigned (None cannot go through a ``tf.while_loop``). It is kept
    with that sign because each pass over memory counts here.
    """

    potential: Any
    unsent: Any = ()


@dataclass(frozen=True)
class Neuron:
    """The parameters of a population, scalars or arrays that broadcast to its units.

    Attributes:
        threshold: potential that one unit of a spike takes away; > 0.
        initial_potential: before the first step.
        negative_threshold: >= 0; None for unsigned spikes.
        max_coefficient: the most that a spike carries; None for no bound.
        reset: "subtract" or "zero".
        leak: share of the potential lost in each step, in [0, 1).
        straight_through: whether spikes pass gradients on, as if they were not rounded.
    """

    whole: ClassVar[bool] = False
    integers: ClassVar[bool] = True

    threshold: Any = 1.0
    initial_potential: Any = 0.0
    negative_threshold: Any | None = None
    max_coefficient: Any | None = 1.0
    reset: str = "subtract"
    leak: float = 0.0
    straight_through: bool = True

    def initial_state(self, shape: Any) -> State:
        """The state before the first step for units of `shape`, ``(B, *units)``."""
        potential = tf.broadcast_to(
            tf.convert_to_tensor(self.initial_potential, tf.float32), shape
        )
        return State(potential, tf.zeros(shape) if self._signed else ())

    def step(self, current: Any, state: State) -> tuple[Any, State]:
        """Advance one step: the coefficients sent and the next state."""
        before = state.potential if self.leak == 0 else state.potential * self._kept
        potential = before + current
        c = self._fire(potential, state.unsent)
        if self.reset == "zero":
            after = tf.where(c != 0, 0.0, potential)
        else:
            after = potential - self.spike(c)
        return c, State(after, state.unsent - c if self._signed else ())

    def advance(self, currents: list[Any], state: State) -> tuple[Sent, State]:
        """Advance a step for each of the currents."""
        sent = Sent([], [], [])
        for current in currents:
            c, state = self.step(current, state)
            sent.values.append(self.spike(c))
            sent.events.append(c)
            sent.potentials.append(state.potential)
        return sent, state

    def spike(self, c: Any) -> Any:
        """The size, in units of activation, of spikes with coefficients `c`."""
        return c if _is_one(self.threshold) else c * self.threshold

    @property
    def _signed(self) -> bool:
        return self.negative_threshold is not None

    @property
    def _kept(self) -> float:
        return 1.0 - self.leak

    def _fire(self, potential: Any, unsent: Any) -> Any:
        u = potential if _is_one(self.threshold) else potential / self.threshold
        most = self.max_coefficient
        if not self._signed:
            return _floor_clipped(u, 0.0, most, 0.0, self.straight_through)
        least = unsent if most is None else tf.maximum(unsent, -most)
        margin = self.negative_threshold
        if not (_is_one(self.threshold) or _is_zero(margin)):
            margin = margin / self.threshold
        return _floor_clipped(u, least, most, margin, self.straight_through)


@dataclass(frozen=True)
class Driven(Neuron):
    """Neurons with a constant current beside that of their synapses.

    Attributes:
        drive: in thresholds, in each step.
    """

    drive: float = 0.0

    def step(self, current: Any, state: State) -> tuple[Any, State]:
        """As :meth:`Neuron.step`."""
        return super().step(current + self.drive * self.threshold, state)


def _floor_clipped(
    u: Any, least: Any, most: Any | None, margin: Any, straight_through: bool
) -> Any:
    """floor(u) clipped, where -margin <= u < 0 counts as 0.

    Straight through, its gradient is that of the clipped u.
    """

    def clipped(u: Any) -> Any:
        c = tf.floor(u)
        if not _is_zero(margin):
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


def _is_one(value: Any) -> bool:
    return isinstance(value, int | float) and value == 1


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and value == 0
