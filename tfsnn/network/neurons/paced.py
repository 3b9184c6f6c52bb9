"""Paced firing with look-ahead: a layer starts d steps after its input.

The method is ours. In a synchronous simulation a layer answers each step before it can
know whether the current keeps coming: early spikes cannot be taken back, a shortage in
the last step cannot be made good. Here every layer starts d steps after its input
and paces its spikes by the mean current seen so far. In thresholds, with U(k) the sum
of the currents of steps 1..min(T, k + d)::

    target(k) = U(k) * k / min(T, k + d)          k = 1..T
    c(k) = clip(floor(target(k) + V(0) - E), -C or 0 (not below -E), C),   E += c(k)

At k = T the target is the whole sum, and one step before it is known already: what is
left is quantisation. d = 0 is the integrate-and-fire neuron of that initial potential;
d = T is layer-by-layer processing. It costs d steps of latency for each layer.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf

from tfsnn.network.neurons.counting import largest, quotient
from tfsnn.network.neurons.in_nir import Lost, Written
from tfsnn.network.neurons.integrate_fire import Firing
from tfsnn.network.neurons.population import Emission, neuron_kind
from tfsnn.network.neurons.scan import scan

# More steps run in a loop of the program, which keeps the program small.
UNROLLED = 12


LOOKAHEAD = Lost(
    "look-ahead",
    "neurons that fire at once",
    "convert with -o lookahead 0, or another method",
    clock=("lookahead",),
)


@neuron_kind("paced")
@dataclass(frozen=True)
class Paced(Firing):
    """Integrate-and-fire neurons that look `lookahead` steps ahead (d)."""

    whole: ClassVar[bool] = True
    integers: ClassVar[bool] = True
    in_integers: ClassVar[bool] = True

    lookahead: int = 1

    @property
    def closed_form(self) -> bool:
        """Whether the closed form holds: it does, for the last target is the sum."""
        return True

    def in_nir(self) -> Written:
        """Return that NIR's IF fires at once."""
        return Written((LOOKAHEAD,))

    def advance(self, currents: list[Any], state: Any) -> tuple[Emission, Any]:
        """Pace the spikes of all steps by the currents of `lookahead` steps more."""
        if len(currents) > UNROLLED and not self.counts:
            return self._looped(currents, state.potential), state
        sums: list[Any] = []
        for current in currents:
            sums.append(self.held(sums[-1] + current) if sums else current)
        steps, sent = len(currents), Emission([], [], [])
        start, total = state.potential, 0.0
        for k in range(1, steps + 1):
            known = min(steps, k + self.lookahead)
            target = self._share(sums[known - 1], k, known) + start
            left = target - self.spike(total)
            c = self._fire(left, -total)
            total = total + c
            sent.values.append(self.value(c))
            sent.events.append(c)
            sent.potentials.append(left - self.spike(c))
        return sent, state

    def _share(self, total: Any, k: int, known: int) -> Any:
        """Return total * k / known; of integers rounded down, by small products."""
        if not self.counts:
            return total * (k / known)
        if k == known:
            return total
        if known - k == 1:  # total less total / known, rounded up
            return total + quotient(-total, float(known))
        whole = quotient(total, float(known))
        return whole * k + quotient((total - whole * known) * k, float(known))

    def potentials(self, low: Any, high: Any, steps: int) -> tuple[Any, Any]:
        """Return what sums of currents can come to, less what was sent before."""
        low, high = super().potentials(low, high, steps)
        return low - tf.maximum(high, 0.0), tf.maximum(high, 0.0) - low

    def reached(self, currents: list[Any], sent: Emission) -> Any:
        """Return the largest size of the sums of currents."""
        return largest(list(itertools.accumulate(currents)))

    def _looped(self, currents: list[Any], start: Any) -> Emission:
        steps, ahead = len(currents), min(self.lookahead, len(currents))
        first = sum(currents[:ahead], tf.zeros_like(start))
        nothing = [tf.zeros_like(start)] * ahead
        arriving = tf.stack([*currents[ahead:], *nothing])
        shares = tf.constant(
            [k / min(steps, k + ahead) for k in range(1, steps + 1)], tf.float32
        )

        def step(current: Any, state: Any) -> tuple[Any, Any]:
            k, known, total = state
            known = known + current
            left = known * shares[k] + start - self.spike(total)
            c = self._fire(left, -total)
            return c, (k + 1, known, total + c)

        before = tf.constant(0), first, tf.zeros_like(start)
        sent, _ = scan(step, before, arriving)
        # Potentials follow from the spikes: unobserved ones then take no memory.
        known = tf.cumsum(tf.concat([[first], arriving], 0))[1:]
        shape = (steps,) + (1,) * len(first.shape)
        left = known * tf.reshape(shares, shape) + start
        potentials = tf.unstack(left - self.spike(tf.cumsum(sent)), steps)
        events = tf.unstack(sent, steps)
        values = [self.spike(event) for event in events]
        return Emission(values, events, potentials)
