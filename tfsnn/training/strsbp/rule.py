"""The gradient of ST-RSBP for one layer (Zhang and Li, NeurIPS 2019).

Spike counts obey o_i = a_i / θ, a_i = sum_j w_ij e_ij + sum_l u_il e_il, where e_ij
(:mod:`.psp`) depends on the trains' counts too. With the means

    ρ_ij = e_ij / o_j                             for de_ij / do_j; 0.5 if one is silent
    S_i  = (1/θ) sum_j w_ij de/do_i (o_j, o_i)    from the table of :mod:`.effect`

a small change of the counts before the layer changes its own by the system::

    A do = (w ρ / θ) do_before        A_ii = 1 - S_i,  A_il = -u_il ρ_il / θ

and an error δ_i = dL/do_i goes back as::

    Aᵀ x = δ / θ      dL/dw_ij = x_i e_ij     dL/du_il = x_i e_il
    dL/do_j = sum_i x_i w_ij ρ_ij

The variant "adjoint" solves that system, once per sample. The variant "diagonal" takes
x_i = δ_i / (θ A_ii), as the authors' code does for the weights of a layer.

Departs from the authors' code: there, the error for the layer before goes through the
whole system, handed to the solver in transposed form (which goes unnoticed where both
layers are of one size); here it goes through the diagonal. A_ii is kept at 1e-4 or more
from 0 in every layer, there in recurrent ones only. Counts beyond the table are read as
its last in every layer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.layers.spiking import SpikingDense
from tfsnn.layers.synapses import Synapses
from tfsnn.training.strsbp.effect import EffectTable
from tfsnn.training.strsbp.psp import each, kernels, summed

FLOOR = 1e-4
VARIANTS = ("diagonal", "adjoint")


class Activity(NamedTuple):
    """What reached a layer and what it sent, for the gradient.

    Attributes:
        traces: q of the trains before the layer ``(T, B, inputs)``.
        before: their counts ``(B, inputs)``.
        spikes: what the layer sent ``(T, B, units)``.
        own: q of what it sent; None if its neurons do not reach each other.
    """

    traces: Any
    before: Any
    spikes: Any
    own: Any

    @property
    def counts(self) -> Any:
        """The counts of the layer's neurons ``(B, units)``."""
        return tf.reduce_sum(tf.cast(self.spikes, tf.float32), 0)


class Gradients(NamedTuple):
    """Gradients for the kernels of a layer and for the counts before it."""

    kernel: Any
    recurrent: Any
    before: Any


def layer_gradients(
    layer: Synapses,
    activity: Activity,
    error: Any,
    table: EffectTable,
    adjoint: bool = False,
    first: bool = False,
) -> Gradients:
    """Return the gradients of one layer.

    Args:
        layer: the layer, with its weights.
        activity: what reached it and what it sent.
        error: dL/do, the gradient for its counts ``(B, units)``.
        table: the effects of its neurons' own counts.
        adjoint: whether to solve for x; else by the diagonal alone.
        first: whether nothing before it learns: `before` is None then.
    """
    dtype = layer.compute_dtype
    weights = tf.cast(layer.kernel, tf.float32)
    k = kernels(activity.spikes, layer.neuron.decay, layer.neuron.refractory)
    x = _credit(layer, activity, error, table, adjoint, k)
    credited = tf.cast(k * x, dtype)
    traces = tf.cast(activity.traces, dtype)
    kernel, recurrent, before = summed(credited, traces), None, None
    if not isinstance(layer, SpikingDense):
        # A spike reaches the layer itself one step later.
        recurrent = summed(credited[1:], tf.cast(activity.own[:-1], dtype))
        recurrent = recurrent if layer.mask is None else recurrent * layer.mask
    if not first:
        before = _sent_back(activity, x, credited, traces, weights)
    return Gradients(kernel, recurrent, before)


def _credit(
    layer: Synapses,
    activity: Activity,
    error: Any,
    table: EffectTable,
    adjoint: bool,
    k: Any,
) -> Any:
    """Return x ``(B, units)``: what one more unit of potential at a reset is worth."""
    threshold, counts = layer.neuron.threshold, activity.counts
    between, lateral = layer.recurrence(), isinstance(layer, SpikingDense)
    own = counts if between is None or lateral else tf.maximum(counts, 1.0)
    effect = table.summed(tf.cast(layer.kernel, tf.float32), activity.before, own)
    if between is None or lateral:
        effect = tf.where(counts > 0, effect, 0.0)
    if between is not None and (adjoint or not lateral):
        effect += table.summed(between, own, own)
    diagonal = 1.0 - effect / threshold
    sign = tf.where(diagonal < 0, -1.0, 1.0)
    diagonal = tf.where(tf.abs(diagonal) < FLOOR, sign * FLOOR, diagonal)
    if between is None or not (adjoint or lateral):
        return error / (threshold * diagonal)
    share = _shares(each(k[1:], activity.own[:-1]), counts)
    if not adjoint:
        return error / (threshold * diagonal) * _lateral(layer, share)
    off = tf.linalg.set_diag(tf.transpose(between) * share, tf.zeros_like(counts))
    system = tf.linalg.diag(diagonal) - off / threshold
    right = tf.expand_dims(error / threshold, -1)
    return tf.squeeze(tf.linalg.solve(system, right, adjoint=True), -1)


def _shares(effects: Any, counts: Any) -> Any:
    """Return ρ ``(B, units, units)`` of the neurons of a layer on each other."""
    silent = counts == 0
    silent = silent[:, :, None] | silent[:, None, :]
    ratio = effects / tf.maximum(counts, 1.0)[:, None, :]
    return tf.where(silent, 0.5, ratio)


def _lateral(layer: Synapses, share: Any) -> Any:
    """Return the authors' factor ``(B, units)`` for lateral inhibition."""
    strength = layer.lateral / layer.neuron.threshold
    pairs = share * tf.transpose(share, (0, 2, 1))
    pairs = tf.linalg.set_diag(pairs, tf.zeros_like(pairs[:, 0]))
    rest = 1.0 - strength**2 * tf.reduce_sum(pairs, -1)
    return 1.0 / tf.maximum(rest, 0.1)


def _sent_back(
    activity: Activity, x: Any, credited: Any, traces: Any, weights: Any
) -> Any:
    """Return sum_i x_i w_ij ρ_ij ``(B, inputs)``, without making ρ."""
    back = tf.transpose(tf.cast(weights, credited.dtype))
    flat = tf.matmul(tf.reshape(credited, (-1, credited.shape[-1])), back)
    worth = tf.reduce_sum(traces * tf.reshape(flat, tf.shape(traces)), 0)
    worth = tf.cast(worth, tf.float32) / tf.maximum(activity.before, 1.0)
    silent = tf.where(activity.counts > 0, 0.0, x)
    worth += 0.5 * tf.matmul(silent, weights, transpose_b=True)
    unsent = 0.5 * tf.matmul(x, weights, transpose_b=True)
    return tf.where(activity.before > 0, worth, unsent)
