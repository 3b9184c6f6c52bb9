"""Functions that may be activations, by identity: of Keras and of TensorFlow."""

from __future__ import annotations

import functools
from typing import Any

import keras
import tensorflow as tf

from tfsnn.sources.handlers.builder import Unsupported

# Functions of one signal: the names of keras.activations and keras.ops.
NAMES = (
    *("absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh"),
    *("ceil", "celu", "cos", "cosh", "elu", "erf", "erfc", "exp", "expm1", "floor"),
    *("gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh"),
    *("leaky_relu", "log", "log10", "log1p", "log2", "log_sigmoid", "log_softmax"),
    *("mish", "negative", "reciprocal", "relu", "relu6", "round", "rsqrt", "selu"),
    *("sigmoid", "sign", "silu", "sin", "sinh", "soft_shrink", "softmax", "softplus"),
    *("softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "sqrt", "square"),
    *("squareplus", "tan", "tanh", "tanh_shrink", "trunc"),
)
# Names of TensorFlow that differ from those of Keras.
IN_TENSORFLOW = {
    "abs": "absolute",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atanh": "arctanh",
    "identity": "linear",
    "swish": "silu",
}
# Defaults that are others than those of keras.activations.
DEFAULTS = {keras.ops.gelu: {"approximate": True}}


@functools.cache
def _known() -> dict[int, str]:
    """The functions by their identity, with the names that Keras has for them."""
    found = {}
    for name in NAMES:
        for module in (keras.ops, tf.nn, tf.math, tf):
            if hasattr(module, name):
                found[id(getattr(module, name))] = name
    for theirs, name in IN_TENSORFLOW.items():
        for module in (tf.nn, tf.math, tf):
            if hasattr(module, theirs):
                found[id(getattr(module, theirs))] = name
    return found


def identified(activation: Any) -> tuple[str, dict[str, Any]]:
    """Return the name that Keras has for a function, and arguments that differ.

    Args:
        activation: a function of keras.activations, keras.ops, tf.nn or tf.math; None
            for the identity.

    Raises:
        Unsupported: for any other function.
    """
    name = getattr(activation, "__name__", str(activation))
    if activation is None:
        return "linear", {}
    if getattr(keras.activations, name, None) is activation:
        return {"exponential": "exp"}.get(name, name), {}
    if id(activation) in _known():
        return _known()[id(activation)], DEFAULTS.get(activation, {})
    raise Unsupported(
        f"activation {name!r} is not known: it is no function of keras.activations, "
        "keras.ops, tf.nn or tf.math that can be converted: use one "
        f"({', '.join(NAMES)}), or make it a layer and register a handler with "
        "@tfsnn.handles"
    )
