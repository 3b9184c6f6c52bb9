"""The effect of a neuron's own count on its S-PSPs, as a table of polynomials.

A neuron that fires more often is reset more often, and each input's e_ij changes even
if the input does not. Over random trains with o_j and o_i spikes, at least as far apart
as refractory steps demand, e has a mean e(o_j, o_i). For each o_j a polynomial of
degree 4 in o_i is fitted to it; ST-RSBP takes the derivative by o_i. (The authors ship
the coefficients as files for some time constants. Here they are computed.)

As the derivative is a sum of four powers of o_i, the sum over all inputs needs no loop
over pairs of counts: with coefficients c_k(o_j)::

    sum_j w_ij de/do_i(o_j, o_i) = sum_k o_i^k sum_j w_ij c_k(o_j)

which are four products with the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.neurons import Leaky

DEGREE, MOST, TRAINS, SEED = 4, 100, 100, 0


@dataclass(frozen=True)
class EffectTable:
    """The polynomials of one kind of neuron in trains of one length.

    Attributes:
        coefficients: of the derivative, ``(counts + 1, 4)``: by the count of the input
            0, 1, ..., and the power 0 to 3 of the neuron's own count.
    """

    coefficients: np.ndarray

    @property
    def most(self) -> int:
        """The largest count of the table; higher ones are read as this one."""
        return len(self.coefficients) - 1

    def summed(self, kernel: Any, before: Any, counts: Any) -> Any:
        """Return sum_j w_ij de/do_i ``(B, units)``.

        Args:
            kernel: the weights ``(inputs, units)``.
            before: the counts of the inputs ``(B, inputs)``.
            counts: the counts of the neurons ``(B, units)``.
        """
        known = tf.constant(self.coefficients, tf.float32)
        rows = tf.cast(tf.minimum(before, float(self.most)), tf.int32)
        terms = tf.einsum("bjk,ji->kbi", tf.gather(known, rows), kernel)
        counts = tf.minimum(counts, float(self.most))
        return tf.add_n([terms[k] * counts**k for k in range(DEGREE)])


def effect_table(neuron: Leaky, timesteps: int) -> EffectTable:
    """Return the table of leaky neurons in trains of T steps."""
    return _table(timesteps, neuron.decay, neuron.synapse or 0.0, neuron.refractory)


@cache
def _table(steps: int, decay: float, synapse: float, refractory: int) -> EffectTable:
    means = mean_effects(steps, decay, synapse, refractory)
    counts = np.arange(1, len(means) + 1)
    scaled = counts / len(means)
    powers = np.vander(scaled, DEGREE + 1, increasing=True)
    found, *_ = np.linalg.lstsq(powers, means.T, rcond=None)  # (5, inputs)
    order = np.arange(1, DEGREE + 1)
    derivative = found[1:] * order[:, None] / float(len(means)) ** order[:, None]
    return EffectTable(np.vstack([np.zeros(DEGREE), derivative.T]).astype(np.float32))


def mean_effects(
    steps: int, decay: float, synapse: float, refractory: int
) -> np.ndarray:
    """Return the mean e of random trains, by the input's count and the neuron's own.

    Counts go from 1 to 100, or to as many as fill three quarters of the steps.
    """
    gap = refractory + 1
    most = max(min(MOST, 3 * steps // (4 * gap)), 1)
    rng = np.random.default_rng(SEED)
    q, k = np.zeros((2, most, steps))
    for _ in range(TRAINS):
        q += _traces(_trains(rng, most, steps, gap), synapse)
        k += _kernels(_trains(rng, most, steps, gap), decay, gap)
    # Both trains are independent: the mean of the products is that of the means.
    return (q / TRAINS) @ (k / TRAINS).T


def one_train(rng: Any, count: int, steps: int, gap: int) -> np.ndarray:
    """Draw a train ``(steps,)`` of so many spikes, at least `gap` steps apart."""
    train = np.zeros(steps)
    free = steps - (gap - 1) * (count - 1)
    places = np.sort(rng.choice(free, count, replace=False))
    train[places + (gap - 1) * np.arange(count)] = 1.0
    return train


def _trains(rng: Any, most: int, steps: int, gap: int) -> np.ndarray:
    """Draw a train of each count from 1 on: ``(most, steps)``."""
    return np.stack([one_train(rng, c, steps, gap) for c in range(1, most + 1)])


def _traces(trains: np.ndarray, kept: float) -> np.ndarray:
    q = trains.copy()
    for t in range(1, q.shape[1]):
        q[:, t] += kept * q[:, t - 1]
    return q


def _kernels(trains: np.ndarray, decay: float, gap: int) -> np.ndarray:
    k = trains.copy()
    for t in range(k.shape[1] - 2, -1, -1):
        k[:, t] = np.where(trains[:, t] > 0, 1.0, decay * k[:, t + 1])
    for steps in range(1, gap):
        k[:, steps:][trains[:, :-steps] > 0] = 0.0
    return k
