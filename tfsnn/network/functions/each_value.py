"""Functions of each value alone, of one signal or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.network.functions.table import FUNCTIONS, Formula, formula, from_keras

from_keras(
    *("celu", "elu", "erf", "erfc", "gelu", "hard_shrink"),
    *("hard_silu", "log_sigmoid", "mish", "selu", "sigmoid", "silu", "sin", "cos"),
    *("tan", "arctan", "arcsinh", "softplus", "softsign"),
    *("sparse_plus", "square", "squareplus", "tanh", "tanh_shrink"),
    *("threshold", "sign", "floor", "ceil", "round", "trunc"),
    *("cbrt", "isfinite", "signbit", "sinc"),
)
from_keras("log", "log1p", "log2", "log10", "reciprocal", "sqrt", partial=True)
from_keras("rsqrt", "arcsin", "arccos", "arctanh", "arccosh", partial=True)
from_keras("exp", "exp2", "expm1", "sinh", "cosh", "erfinv", "i0", partial=True)
# Of the finite values of which sums are made.
from_keras("isinf", "isnan", "isneginf", "isposinf", "nan_to_num", homogeneous=True)
# Functions of two signals.
from_keras("multiply", "arctan2", "logaddexp", "logaddexp2", "divide_no_nan")
from_keras("heaviside", "isclose")
from_keras("divide", "power", "floor_divide", partial=True)
from_keras("mod", "fmod", homogeneous=True, partial=True)
from_keras("maximum", "minimum", "hypot", homogeneous=True)


def _compare(name: str) -> None:
    def compare(x: Any, y: Any) -> Any:
        return getattr(keras.ops, name)(x, y)

    FUNCTIONS[name] = Formula(compare, elementwise=True)


COMPARISONS = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
for _name in COMPARISONS:
    _compare(_name)


def _true(x: Any) -> Any:
    """Return whether values are not 0; ``x != 0`` is no tensor in every graph."""
    return tf.not_equal(x, 0.0)


@formula(homogeneous=True, elementwise=True)
def where(condition: Any, x: Any, y: Any) -> Any:
    """Return x where the condition is not 0, else y."""
    return tf.where(_true(condition), x, y)


@formula(elementwise=True)
def kept(mask: Any) -> Any:
    """Return 1 where a mask keeps a value, that is, where it is more than 1/2."""
    return mask > 0.5


@formula(elementwise=True)
def gelu_tail(x: Any, approximate: bool = False) -> Any:
    """Return relu(x) - gelu(x), which is even, and small but near 1."""
    return tf.maximum(x, 0.0) - tf.nn.gelu(x, approximate)


@formula(elementwise=True)
def silu_tail(x: Any) -> Any:
    """Return relu(x) - silu(x), which is even."""
    return tf.abs(x) * tf.sigmoid(-tf.abs(x))


@formula(elementwise=True)
def logical_and(x: Any, y: Any) -> Any:
    """Return 1 where neither x nor y is 0."""
    return _true(x) & _true(y)


@formula(elementwise=True)
def logical_or(x: Any, y: Any) -> Any:
    """Return 1 where x or y is not 0."""
    return _true(x) | _true(y)


@formula(elementwise=True)
def logical_xor(x: Any, y: Any) -> Any:
    """Return 1 where one of x and y is 0 and the other is not."""
    return tf.not_equal(_true(x), _true(y))


@formula(elementwise=True)
def logical_not(x: Any) -> Any:
    """Return 1 where x is 0."""
    return tf.equal(x, 0.0)


@formula(elementwise=True)
def stepped_relu(x: Any, slope: float, threshold: float, max_value: float | None):
    """Compute Keras' ReLU with a threshold: below it, slope * (x - threshold)."""
    y = tf.where(x >= threshold, x, slope * (x - threshold))
    return y if max_value is None else tf.minimum(y, max_value)


@formula(elementwise=True)
def negative_elu(x: Any) -> Any:
    """Return min(exp(x) - 1, 0), the part of ELU below 0."""
    return tf.math.expm1(tf.minimum(x, 0.0))


@formula(elementwise=True)
def digitize(x: Any, bins: Sequence[float], right: bool = False) -> Any:
    """Return how many of the sorted bounds are at most x; with `right`, below x."""
    bounds = tf.constant(np.asarray(bins, np.float32))
    x = tf.expand_dims(x, -1)
    passed = bounds < x if right else bounds <= x
    return tf.reduce_sum(tf.cast(passed, tf.float32), -1)


@formula(elementwise=True)
def isin(x: Any, values: Sequence[float], invert: bool = False) -> Any:
    """Return 1 where x is one of the values; with `invert`, where it is none."""
    found = tf.expand_dims(x, -1) == tf.constant(np.asarray(values, np.float32))
    found = tf.reduce_any(found, -1)
    return ~found if invert else found


@formula()
def one_hot(x: Any, classes: int, axis: int) -> Any:
    """Return, along a new axis, 1 at the place that x numbers and 0 elsewhere."""
    return tf.one_hot(tf.cast(x, tf.int32), classes, axis=axis + 1)
