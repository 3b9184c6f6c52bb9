"""Spike-train level postsynaptic potentials (S-PSP) as matrix products.

ST-RSBP: Zhang and Li, "Spike-Train Level Backpropagation for Training Deep Recurrent
Spiking Neural Networks", NeurIPS 2019, arXiv 1908.06378.

e_ij is the sum, over the spikes of neuron i, of the potential that the train of input j
alone, through a weight of 1, has built up since i was last reset. With the neuron of
:mod:`tfsnn.network.neurons.leaky` (decay λ, synapse μ, r refractory steps)::

    q_j(t) = μ q_j(t-1) + s_j(t)      the trace of the input
    K_i(t) = 1 at a spike of i; 0 in the r steps after one and behind the last;
             else λ K_i(t+1)          what an input at t still is worth at that spike
    e_ij   = sum_t K_i(t) q_j(t)

so that the potentials just before the resets of i sum up to a_i = sum_j w_ij e_ij. The
authors compute each e_ij in a loop of its own. Here, for all i and j, E = K Qᵀ; and as
the gradient only wants sums of x_i e_ij over a batch, not even E is made::

    dL/dw_ij = sum_b sum_t (x_i K_i(t)) q_j(t)      one product over batch and time

All trains are ``(T, B, units)``. The scans run under XLA: of some 400 small steps it
makes one pass.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfsnn.layers.synapses import stepping
from tfsnn.network.neurons import Leaky
from tfsnn.network.neurons.scan import scan


@tf.function(jit_compile=True, autograph=False)
def fire(neuron: Leaky, currents: Any, weights: Any) -> Any:
    """Return the spikes ``(T, B, units)`` of neurons at rest before the first step.

    Args:
        neuron: the neurons.
        currents: what reaches them from outside of the layer ``(T, B, units)``.
        weights: weights between them ``(units, units)``; None for none.
    """
    shape = (tf.shape(currents)[1], currents.shape[2])
    state = tf.zeros(shape), neuron.initial_state(shape)
    spikes, _ = scan(stepping(neuron, weights), state, currents)
    return tf.ensure_shape(spikes, currents.shape)


@tf.function(jit_compile=True, autograph=False)
def traces(spikes: Any, kept: float) -> Any:
    """Return q ``(T, B, units)`` of trains; `kept` is μ, the share kept in a step."""

    def step(s: Any, q: Any) -> tuple[Any, Any]:
        q = kept * q + s
        return q, q

    spikes = tf.cast(spikes, tf.float32)
    return tf.ensure_shape(
        scan(step, tf.zeros_like(spikes[0]), spikes)[0], spikes.shape
    )


@tf.function(jit_compile=True, autograph=False)
def kernels(spikes: Any, decay: float, refractory: int) -> Any:
    """Return K ``(T, B, units)`` of trains, from the last step to the first."""

    def step(s: Any, k: Any) -> tuple[Any, Any]:
        k = tf.where(s > 0, 1.0, decay * k)
        return k, k

    spikes = tf.cast(spikes, tf.float32)
    backward, _ = scan(step, tf.zeros_like(spikes[0]), spikes[::-1])
    waiting = tf.zeros_like(spikes)
    for steps in range(1, refractory + 1):
        waiting += tf.concat([tf.zeros_like(spikes[:steps]), spikes[:-steps]], 0)
    return tf.ensure_shape(tf.where(waiting > 0, 0.0, backward[::-1]), spikes.shape)


def summed(k: Any, q: Any) -> Any:
    """Return K Qᵀ summed over the batch, as a kernel: ``(inputs, units)``, float32."""
    flat = [tf.reshape(x, (-1, x.shape[-1])) for x in (q, k)]
    return tf.cast(tf.matmul(*flat, transpose_a=True), tf.float32)


def each(k: Any, q: Any) -> Any:
    """Return E = K Qᵀ of each sample: ``(B, units, inputs)``."""
    return tf.matmul(tf.transpose(k, (1, 2, 0)), tf.transpose(q, (1, 0, 2)))
