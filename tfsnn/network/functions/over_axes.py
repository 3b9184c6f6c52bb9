"""Functions over axes of a sample: reductions, softmax, normalisations, orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfsnn.network.functions.table import formula, in_batch


@formula()
def glu(x: Any, axis: int) -> Any:
    """Return the first half along an axis times the sigmoid of the second half."""
    x, gate = tf.split(x, 2, axis + 1)
    return x * tf.sigmoid(gate)


@formula(homogeneous=True)
def amax(x: Any, axes: Sequence[int]) -> Any:
    """Return the maximum over axes, which are kept with length 1."""
    return tf.reduce_max(x, in_batch(axes), keepdims=True)


@formula(homogeneous=True)
def amin(x: Any, axes: Sequence[int]) -> Any:
    """Return the minimum over axes, which are kept with length 1."""
    return tf.reduce_min(x, in_batch(axes), keepdims=True)


@formula()
def variance(x: Any, axes: Sequence[int]) -> Any:
    """Return the variance over axes, which are kept with length 1."""
    return tf.math.reduce_variance(x, in_batch(axes), keepdims=True)


@formula(homogeneous=True)
def std(x: Any, axes: Sequence[int]) -> Any:
    """Return the standard deviation over axes, which are kept with length 1."""
    return tf.math.reduce_std(x, in_batch(axes), keepdims=True)


@formula(partial=True)
def prod(x: Any, axes: Sequence[int]) -> Any:
    """Return the product over axes, which are kept with length 1."""
    return tf.reduce_prod(x, in_batch(axes), keepdims=True)


@formula()
def logsumexp(x: Any, axes: Sequence[int]) -> Any:
    """Return log(sum(exp(x))) over axes, which are kept with length 1."""
    return tf.reduce_logsumexp(x, in_batch(axes), keepdims=True)


@formula()
def softmax(x: Any, axes: Sequence[int]) -> Any:
    """Return exp(x) / sum(exp(x)) over axes."""
    if len(axes) == 1:
        return tf.nn.softmax(x, axes[0] + 1)
    shifted = tf.exp(x - tf.reduce_max(x, in_batch(axes), keepdims=True))
    return shifted / tf.reduce_sum(shifted, in_batch(axes), keepdims=True)


@formula()
def masked_softmax(x: Any, mask: Any, axes: Sequence[int]) -> Any:
    """Return the softmax of the values that a broadcast mask keeps; else 0."""
    kept = mask > 0.5
    return tf.where(kept, softmax(tf.where(kept, x, -1e9), axes), 0.0)


@formula()
def filled_softmax(x: Any, mask: Any, axes: Sequence[int]) -> Any:
    """Return the softmax of what a mask keeps; of nothing, the same share for each."""
    return softmax(tf.where(mask > 0.5, x, -1e9), axes)


@formula()
def log_softmax(x: Any, axes: Sequence[int]) -> Any:
    """Return x - log(sum(exp(x))) over one axis."""
    return tf.nn.log_softmax(x, axes[0] + 1)


@formula()
def sparsemax(x: Any, axes: Sequence[int]) -> Any:
    """Compute Keras' sparsemax over one axis (Martins, Astudillo, ICML 2016)."""
    return keras.ops.sparsemax(x, axes[0] + 1)


@formula()
def layer_norm(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    """Return (x - mean) / sqrt(variance + epsilon) over axes; no gain or offset."""
    mean, variance = tf.nn.moments(x, in_batch(axes), keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + epsilon)


@formula()
def rms_norm(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    """Return x / sqrt(mean(x ** 2) + epsilon) over axes, without gain."""
    square = tf.reduce_mean(tf.square(x), in_batch(axes), keepdims=True)
    return x * tf.math.rsqrt(square + epsilon)


@formula()
def unit_variance(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    """Return x / sqrt(variance + epsilon) over axes."""
    variance = tf.math.reduce_variance(x, in_batch(axes), keepdims=True)
    return x * tf.math.rsqrt(variance + epsilon)


@formula()
def unit_norm(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    """Return x / max(sqrt(sum(x ** 2)), epsilon) over axes."""
    square = tf.reduce_sum(tf.square(x), in_batch(axes), keepdims=True)
    return x / tf.maximum(tf.sqrt(square), epsilon)


@formula()
def group_norm(x: Any, groups: int, epsilon: float) -> Any:
    """Apply :func:`layer_norm` over all axes within each group of channels."""
    *places, channels = x.shape[1:]
    grouped = tf.reshape(x, (-1, *places, groups, channels // groups))
    axes = [*range(len(places)), len(places) + 1]
    return tf.reshape(layer_norm(grouped, axes, epsilon), (-1, *x.shape[1:]))


@formula()
def every(x: Any, axes: Sequence[int]) -> Any:
    """Return 1 where no value over axes, which are kept with length 1, is 0."""
    return tf.reduce_all(tf.not_equal(x, 0.0), in_batch(axes), keepdims=True)


@formula()
def some(x: Any, axes: Sequence[int]) -> Any:
    """Return 1 where one value over axes, which are kept with length 1, is not 0."""
    return tf.reduce_any(tf.not_equal(x, 0.0), in_batch(axes), keepdims=True)


@formula(homogeneous=True)
def norm(x: Any, axes: Sequence[int], order: float | str | None = None) -> Any:
    """Return a norm over one axis or two, kept with length 1, as NumPy numbers them.

    An infinite `order` is the text "inf" or "-inf".
    """
    kind = float(order) if order in ("inf", "-inf") else order
    axis = tuple(in_batch(axes))
    return keras.ops.norm(x, kind, axis[0] if len(axis) == 1 else axis, keepdims=True)


@formula(homogeneous=True)
def quantile(x: Any, axes: Sequence[int], q: float) -> Any:
    """Return the quantile q, from 0 to 1, over axes, which are kept with length 1."""
    return keras.ops.quantile(x, q, tuple(in_batch(axes)), keepdims=True)


@formula(homogeneous=True)
def sort(x: Any, axis: int) -> Any:
    """Return the values along an axis in ascending order."""
    return tf.sort(x, axis + 1)


@formula()
def cumprod(x: Any, axis: int) -> Any:
    """Return the product of the values along an axis up to each of them."""
    return tf.math.cumprod(x, axis + 1)
