"""The functions of running-sum nodes: a closed table, by name.

A function takes its inputs with the axis of samples first, ``(N, ...)``, and may not
mix samples; its options are JSON, and axes in them are those of one sample, from 0.
Most are the function of ``keras.activations`` or ``keras.ops`` with that name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

Shape = tuple[int, ...]
Cost = Callable[[Sequence[Shape], Shape, Mapping[str, Any]], int]


def per_value(inputs: Sequence[Shape], output: Shape, options: Any) -> int:
    """Count one operation for each value read or written, whichever are more."""
    return max(math.prod(shape) for shape in (*inputs, output))


@dataclass(frozen=True)
class Formula:
    """A function of running-sum nodes, and its properties.

    Attributes:
        call: the function, of tensors ``(N, ...)``.
        homogeneous: whether f(t * x) = t * f(x) for t > 0.
        partial: whether it may be infinite or NaN for finite inputs.
        cost: counts operations, by input shapes, output shape and options.
    """

    call: Callable[..., Any]
    homogeneous: bool = False
    partial: bool = False
    cost: Cost = per_value

    def __call__(self, *xs: Any, **options: Any) -> Any:
        """Compute the function of tensors ``(N, ...)``, as float32."""
        return tf.cast(self.call(*xs, **options), tf.float32)


FUNCTIONS: dict[str, Formula] = {}


def _from_keras(*names: str, **known: Any) -> None:
    for name in names:
        # The defaults of the two differ: gelu of keras.ops is the approximate one.
        call = getattr(keras.activations, name, None) or getattr(keras.ops, name)
        FUNCTIONS[name] = Formula(call, **known)


def _formula(**known: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(call: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[call.__name__] = Formula(call, **known)
        return call

    return register


# Functions of each value alone.
_from_keras(
    *("celu", "elu", "erf", "erfc", "gelu", "hard_shrink"),
    *("hard_silu", "log_sigmoid", "mish", "selu", "sigmoid", "silu", "sin", "cos"),
    *("tan", "arctan", "arcsinh", "soft_shrink", "softplus", "softsign"),
    *("sparse_plus", "sparse_sigmoid", "square", "squareplus", "tanh", "tanh_shrink"),
    *("threshold", "sign", "floor", "ceil", "round", "trunc"),
)
_from_keras("log", "log1p", "log2", "log10", "reciprocal", "sqrt", partial=True)
_from_keras("rsqrt", "arcsin", "arccos", "arctanh", "arccosh", partial=True)
_from_keras("exp", "expm1", "sinh", "cosh", partial=True)
_from_keras("absolute", homogeneous=True)
# Functions of two signals.
_from_keras("multiply", "arctan2", "logaddexp", "divide_no_nan")
_from_keras("divide", "power", "floor_divide", partial=True)
_from_keras("mod", homogeneous=True, partial=True)
_from_keras("maximum", "minimum", homogeneous=True)


def _compare(name: str) -> None:
    def compare(x: Any, y: Any) -> Any:
        return getattr(keras.ops, name)(x, y)

    FUNCTIONS[name] = Formula(compare)


COMPARISONS = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
for _name in COMPARISONS:
    _compare(_name)


@_formula(homogeneous=True)
def where(condition: Any, x: Any, y: Any) -> Any:
    """Return x where the condition is not 0, else y."""
    return tf.where(condition != 0, x, y)


@_formula()
def logical_and(x: Any, y: Any) -> Any:
    """Return 1 where neither x nor y is 0."""
    return (x != 0) & (y != 0)


@_formula()
def logical_or(x: Any, y: Any) -> Any:
    """Return 1 where x or y is not 0."""
    return (x != 0) | (y != 0)


@_formula()
def logical_not(x: Any) -> Any:
    """Return 1 where x is 0."""
    return x == 0


@_formula()
def stepped_relu(x: Any, slope: float, threshold: float, max_value: float | None):
    """Compute Keras' ReLU with a threshold: below it, slope * (x - threshold)."""
    y = tf.where(x >= threshold, x, slope * (x - threshold))
    return y if max_value is None else tf.minimum(y, max_value)


@_formula()
def glu(x: Any, axis: int) -> Any:
    """Return the first half along an axis times the sigmoid of the second half."""
    x, gate = tf.split(x, 2, axis + 1)
    return x * tf.sigmoid(gate)


def _axes(axes: Sequence[int]) -> list[int]:
    return [axis + 1 for axis in axes]


@_formula(homogeneous=True)
def amax(x: Any, axes: Sequence[int]) -> Any:
    """Return the maximum over axes, which are kept with length 1."""
    return tf.reduce_max(x, _axes(axes), keepdims=True)


@_formula(homogeneous=True)
def amin(x: Any, axes: Sequence[int]) -> Any:
    """Return the minimum over axes, which are kept with length 1."""
    return tf.reduce_min(x, _axes(axes), keepdims=True)


@_formula()
def some(x: Any, axes: Sequence[int]) -> Any:
    """Return 1 where one value over axes, which are kept with length 1, is not 0."""
    return tf.reduce_any(x != 0, _axes(axes), keepdims=True)


@_formula()
def variance(x: Any, axes: Sequence[int]) -> Any:
    """Return the variance over axes, which are kept with length 1."""
    return tf.math.reduce_variance(x, _axes(axes), keepdims=True)


@_formula(homogeneous=True)
def std(x: Any, axes: Sequence[int]) -> Any:
    """Return the standard deviation over axes, which are kept with length 1."""
    return tf.math.reduce_std(x, _axes(axes), keepdims=True)


@_formula(partial=True)
def prod(x: Any, axes: Sequence[int]) -> Any:
    """Return the product over axes, which are kept with length 1."""
    return tf.reduce_prod(x, _axes(axes), keepdims=True)


@_formula()
def logsumexp(x: Any, axes: Sequence[int]) -> Any:
    """Return log(sum(exp(x))) over axes, which are kept with length 1."""
    return tf.reduce_logsumexp(x, _axes(axes), keepdims=True)


@_formula()
def softmax(x: Any, axes: Sequence[int]) -> Any:
    """Return exp(x) / sum(exp(x)) over axes."""
    if len(axes) == 1:
        return tf.nn.softmax(x, axes[0] + 1)
    shifted = tf.exp(x - tf.reduce_max(x, _axes(axes), keepdims=True))
    return shifted / tf.reduce_sum(shifted, _axes(axes), keepdims=True)


@_formula()
def masked_softmax(x: Any, mask: Any, axes: Sequence[int]) -> Any:
    """Return the softmax of the values that a broadcast mask keeps; else 0."""
    kept = mask > 0.5
    return tf.where(kept, softmax(tf.where(kept, x, -1e9), axes), 0.0)


@_formula()
def filled_softmax(x: Any, mask: Any, axes: Sequence[int]) -> Any:
    """Return the softmax of what a mask keeps; of nothing, the same share for each."""
    return softmax(tf.where(mask > 0.5, x, -1e9), axes)


@_formula()
def log_softmax(x: Any, axes: Sequence[int]) -> Any:
    """Return x - log(sum(exp(x))) over one axis."""
    return tf.nn.log_softmax(x, axes[0] + 1)


@_formula()
def sparsemax(x: Any, axes: Sequence[int]) -> Any:
    """Compute Keras' sparsemax over one axis (Martins, Astudillo, ICML 2016)."""
    return keras.ops.sparsemax(x, axes[0] + 1)


@_formula()
def layer_norm(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    """Return (x - mean) / sqrt(variance + epsilon) over axes; no gain or offset."""
    mean, variance = tf.nn.moments(x, _axes(axes), keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + epsilon)


@_formula()
def rms_norm(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    """Return x / sqrt(mean(x ** 2) + epsilon) over axes, without gain."""
    square = tf.reduce_mean(tf.square(x), _axes(axes), keepdims=True)
    return x * tf.math.rsqrt(square + epsilon)


@_formula()
def unit_norm(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    """Return x / max(sqrt(sum(x ** 2)), epsilon) over axes."""
    square = tf.reduce_sum(tf.square(x), _axes(axes), keepdims=True)
    return x / tf.maximum(tf.sqrt(square), epsilon)


@_formula()
def group_norm(x: Any, groups: int, epsilon: float) -> Any:
    """Apply :func:`layer_norm` over all axes within each group of channels."""
    *places, channels = x.shape[1:]
    grouped = tf.reshape(x, (-1, *places, groups, channels // groups))
    axes = [*range(len(places)), len(places) + 1]
    return tf.reshape(layer_norm(grouped, axes, epsilon), (-1, *x.shape[1:]))


def _matmul_cost(inputs: Sequence[Shape], output: Shape, options: Any) -> int:
    return math.prod(output) * inputs[0][-1]


@_formula(cost=_matmul_cost)
def matmul(x: Any, y: Any) -> Any:
    """Multiply matrices ``(N, ..., a, b)`` by ``(N, ..., b, c)``."""
    return tf.matmul(x, y)


def _einsum_cost(inputs: Sequence[Shape], output: Shape, options: Any) -> int:
    lengths: dict[str, int] = {}
    for letters, shape in zip(
        options["equation"].split("->")[0].split(","), inputs, strict=True
    ):
        lengths |= dict(zip(letters[1:], shape, strict=True))  # without the samples
    return math.prod(lengths.values())


@_formula(cost=_einsum_cost)
def einsum(*xs: Any, equation: str) -> Any:
    """Compute Einstein's sum; the first letter of each term stands for the samples."""
    return tf.einsum(equation, *xs)
