"""Leaky integrate-and-fire neurons, with synaptic currents and refractory steps.

With the input current I of a step, all in units of activation::

    i = synapse * i + I             the synaptic current; i = I without a filter
    U = decay * V + i
    c = clip(floor(U / threshold), 0, C)
    V = U - c * threshold           reset by subtraction ("zero": V = 0 where c > 0)

In the `refractory` steps after a spike a neuron neither integrates nor fires: V keeps
the value that the reset gave it, without a leak, and what reaches V in these steps is
lost. The synaptic current goes on.

With a surrogate (:mod:`tfsnn.surrogates`), spikes pass gradients on by its slope. A
reset by subtraction is differentiated with them. From V(T) = V(0) + sum i - threshold *
sum c then follows, for decay 1 and whatever the surrogate::

    d(threshold * sum c) / di(k) = 1 - dV(T) / di(k)

so that the gradient neither grows nor fades over many layers. A reset to zero has no
such law; its gradient is that of V = U * (1 - c) with c held fixed, as in TET (Deng et
al., ICLR 2022), PLIF (Fang et al., ICCV 2021) and most work of that kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.neurons.in_nir import Never, Written
from tfsnn.network.neurons.integrate_fire import floor_clipped
from tfsnn.network.neurons.population import Emission, neuron_kind
from tfsnn.network.neurons.thresholded import Thresholded, is_one, is_zero
from tfsnn.surrogates import Surrogate, as_surrogate
from tfsnn_numpy.defaults import RESETS


class LeakyState(NamedTuple):
    """The state of the neurons between two steps, each field ``(B, *units)``.

    `current` is empty without a filter, and `waiting`, the refractory steps to come,
    where there are none.
    """

    potential: Any
    current: Any = ()
    waiting: Any = ()


@neuron_kind("leaky")
@dataclass(frozen=True)
class Leaky(Thresholded):
    """Leaky integrate-and-fire neurons.

    Attributes:
        max_coefficient: the most that a spike carries; None for no bound.
        decay: share of the potential that a step keeps, in [0, 1]; a number, or an
            array that broadcasts against units.
        synapse: share of the synaptic current that a step keeps, in [0, 1), likewise;
            None for no filter.
        refractory: number of refractory steps, >= 0.
        reset: "subtract" or "zero".
        surrogate: a :class:`~tfsnn.surrogates.Surrogate`, its name or its config; None
            for the gradient of the clipped, but not rounded, potential.
        straight_through: whether spikes pass gradients on at all.
    """

    description: ClassVar[str] = "leaky integrate-and-fire neurons"
    whole: ClassVar[bool] = False
    integers: ClassVar[bool] = True

    max_coefficient: Any | None = 1.0
    decay: Any = 0.5
    synapse: Any | None = None
    refractory: int = 0
    reset: str = "subtract"
    surrogate: Surrogate | str | Mapping[str, Any] | None = None
    straight_through: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse parameters outside of their ranges.

        Raises:
            OptionError: for such a parameter, or an unknown surrogate.
        """
        kept = _known(self.decay)
        _check("decay", self.decay, (kept >= 0) & (kept <= 1), "in [0, 1]")
        if self.synapse is not None:
            kept = _known(self.synapse)
            _check("synapse", self.synapse, (kept >= 0) & (kept < 1), "in [0, 1)")
        steps = self.refractory
        counted = isinstance(steps, int) and not isinstance(steps, bool) and steps >= 0
        _check("refractory", steps, counted, "a number of steps, 0 or more")
        _check("reset", self.reset, self.reset in RESETS, f"one of {RESETS}")
        if self.surrogate is not None:
            as_surrogate(self.surrogate)

    def in_nir(self) -> Written | Never:
        """Return that NIR's LIF, or CubaLIF behind a filter, does the same."""
        if self.refractory:
            return Never(
                f"waits {self.refractory} refractory steps after a spike, and neurons "
                "in NIR do not: train neurons with refractory=0"
            )
        keeps_all = np.asarray(self.decay) == 1
        if self.synapse is None and keeps_all.all():
            return Written()
        if keeps_all.any():
            return Never(
                "has neurons that do not leak (decay=1) beside a filter or others that "
                "do, and in NIR all of a node leak: train with decay below 1"
            )
        return Written(neuron="LIF" if self.synapse is None else "CubaLIF")

    def response(self, current: Any) -> Any:
        """Compute the mean value sent for a mean current, as if nothing leaked."""
        if self.synapse is not None:
            current = current / (1.0 - tf.convert_to_tensor(self.synapse))
        return super().response(current)

    def initial_state(self, shape: Any) -> LeakyState:
        """Return the state before the first step for units of `shape`, (B, *units)."""
        return LeakyState(
            self._start(shape),
            () if self.synapse is None else tf.zeros(shape),
            tf.zeros(shape) if self.refractory else (),
        )

    def step(self, current: Any, state: LeakyState) -> tuple[Any, LeakyState]:
        """Return the coefficients sent in one step, and the next state."""
        if self.synapse is not None:
            current = _times(self.synapse, state.current) + current
        potential = _times(self.decay, state.potential) + current
        waiting: Any = ()
        if self.refractory:
            ready = state.waiting <= 0
            potential = tf.where(ready, potential, state.potential)
            c = tf.where(ready, self._fire(potential), 0.0)
            left = tf.maximum(state.waiting - 1.0, 0.0)
            waiting = tf.where(c > 0, float(self.refractory), left)
        else:
            c = self._fire(potential)
        if self.reset == "zero":
            after = tf.where(c > 0, 0.0, potential)
        else:
            after = potential - self.spike(c)
        kept = () if self.synapse is None else current
        return c, LeakyState(after, kept, waiting)

    def advance(
        self, currents: list[Any], state: LeakyState
    ) -> tuple[Emission, LeakyState]:
        """Go through the currents of some steps, each ``(B, *units)``."""
        sent = Emission([], [], [])
        for current in currents:
            c, state = self.step(current, state)
            sent.values.append(self.spike(c))
            sent.events.append(c)
            sent.potentials.append(state.potential)
        return sent, state

    def _fire(self, potential: Any) -> Any:
        u = potential if is_one(self.threshold) else potential / self.threshold
        most = self.max_coefficient
        if self.surrogate is None or most is None or not self.straight_through:
            return floor_clipped(u, 0.0, most, 0.0, self.straight_through)
        return as_surrogate(self.surrogate).spike(u - 1.0, int(most))


def _times(share: Any, value: Any) -> Any:
    """Multiply, but not by the number 0 or 1; lists, as files have them, are arrays."""
    if is_one(share):
        return value
    return tf.zeros_like(value) if is_zero(share) else share * value


def _known(share: Any) -> Any:
    """Return what is known of a share: of a tensor nothing."""
    known = isinstance(share, int | float | list | tuple | np.ndarray | np.generic)
    return np.asarray(share) if known else np.asarray(0.0)


def _check(name: str, value: Any, fits: Any, form: str) -> None:
    if not np.all(fits):
        raise OptionError(f"leaky neurons: {name}={value!r} must be {form}")
