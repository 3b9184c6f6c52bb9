"""Neurons that say by the time of one spike what they carry: the earlier, the more.

A. Stanojevic, S. Wozniak, G. Bellec, G. Cherubini, A. Pantazi, W. Gerstner,
"High-performance deep spiking neural networks with 0.3 spikes per neuron", Nature
Communications 15, 2024, arXiv 2306.08744 (the B1 model; read in the authors' code).

A layer listens in one window and fires in the next. A spike of neuron j that comes x_j
before the end of the window it is sent in carries x_j; no spike is x_j = 0. In the
window in which it listens each spike adds its weight to the slope of a potential, and
in the window in which it fires the potential rises at one rate for all::

    listening    dV_i/dt = b_i / window + sum over the spikes so far of w_ij
    firing       dV_i/dt = 1,  a spike where V_i reaches the window's length

so that V_i = b_i + sum_j w_ij x_j when the firing begins, and a spike comes
x_i = max(V_i, 0) before its end. Weights are those of the ANN, and so is the result.

On a clock of `ticks` for each window, in thresholds::

    q = clip(floor(V + V(0)), 0, ticks)      the spike comes q ticks before the end

which is the ANN with ticks + 1 levels. In continuous time q is a real number.

A window is a step of the simulation, so that a layer costs one product for all of its
ticks. With T steps there are T windows for each layer, with a spike in each: the count
of all of them is rounded as a whole, and divided as evenly as can be.

Noise moves spikes by a normal number, within the window; one that would come at its end
or later is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf

from tfsnn.network.neurons.counting import Counting, largest, quotient
from tfsnn.network.neurons.in_nir import Never
from tfsnn.network.neurons.population import Emission, neuron_kind
from tfsnn.network.neurons.thresholded import is_one

NO_TIMES = Never(
    "has neurons that fire at a time which says what they carry, and NIR has no such "
    "neuron: convert with a method of integrate-and-fire neurons (data_norm), or "
    "export a SavedModel or StableHLO, which have every kind"
)


@dataclass(frozen=True)
class _Timed(Counting):
    """Neurons that send one spike in each window, or none.

    Attributes:
        max_coefficient: what a spike at the begin of the window carries, in thresholds.
        jitter: the standard deviation of the noise of the times, in thresholds; 0 for
            none.
        seed: the seed of the noise, which follows from it and from the currents.
    """

    max_coefficient: Any = 1.0
    jitter: float = 0.0
    seed: int = 0

    def advance(self, currents: list[Any], state: Any) -> tuple[Emission, Any]:
        """Send a spike in each of the windows, or none."""
        total = self.held(tf.add_n(currents) + state.potential)
        steps, sent = len(currents), Emission([], [], [])
        if self.counts:
            x = self.quotient(total)
        else:
            x = total if is_one(self.threshold) else total / self.threshold
        most = self.max_coefficient * float(steps)
        carried = self._on_the_clock(tf.minimum(tf.maximum(x, 0.0), most))
        before = tf.zeros_like(carried)
        for k in range(1, steps + 1):
            so_far = carried if k == steps else self._shared(carried * k, steps)
            c = self._moved(so_far - before, currents[0], k)
            before = so_far
            sent.values.append(self.value(c))
            sent.events.append(tf.cast(c != 0, c.dtype))
            sent.potentials.append(total - self.spike(so_far))
        return sent, state

    def reached(self, currents: list[Any], sent: Emission) -> Any:
        """Return the largest size of the sum of currents."""
        return largest([tf.add_n(currents) + self.initial_potential])

    def _on_the_clock(self, x: Any) -> Any:
        """Return what a spike at the next tick carries."""
        return x

    def _shared(self, sums: Any, steps: int) -> Any:
        """Return what is sent in the first windows of all."""
        if self.counts:
            return quotient(sums, float(steps))
        return self._on_the_clock(sums / steps)

    def _moved(self, c: Any, current: Any, window: int) -> Any:
        """Return what spikes carry at the times that noise has moved them to."""
        if not self.jitter:
            return c
        # Other samples have other noise, the same ones the same in every run.
        drawn_by = tf.bitcast(tf.reduce_sum(current), tf.int32)
        noise = tf.random.stateless_normal(tf.shape(c), [self.seed + window, drawn_by])
        noise = tf.ensure_shape(noise, c.shape)
        moved = self._nearest(c + self.jitter * noise)
        moved = tf.minimum(tf.maximum(moved, 0.0), self.max_coefficient)
        return tf.where(c > 0, moved, 0.0)

    def _nearest(self, x: Any) -> Any:
        """Return what a spike at the nearest tick carries."""
        return x


@neuron_kind("first_spike")
@dataclass(frozen=True)
class FirstSpike(_Timed):
    """Neurons that fire once, on a clock whose ticks are the threshold."""

    description: ClassVar[str] = "neurons of one spike on a clock"
    whole: ClassVar[bool] = True
    integers: ClassVar[bool] = True
    in_integers: ClassVar[bool] = True

    @property
    def closed_form(self) -> bool:
        """Whether the closed form holds: where no noise moves the spikes."""
        return not self.jitter

    def in_nir(self) -> Never:
        """Return that NIR has no neurons that carry something by their time."""
        return NO_TIMES

    def _on_the_clock(self, x: Any) -> Any:
        return tf.floor(x)

    def _nearest(self, x: Any) -> Any:
        return tf.floor(x + 0.5)


@neuron_kind("first_spike_unclocked")
@dataclass(frozen=True)
class FirstSpikeUnclocked(_Timed):
    """Neurons that fire once, at any time of the window."""

    description: ClassVar[str] = "neurons of one spike in continuous time"
    whole: ClassVar[bool] = True

    def in_nir(self) -> Never:
        """Return that NIR has no neurons that carry something by their time."""
        return NO_TIMES
