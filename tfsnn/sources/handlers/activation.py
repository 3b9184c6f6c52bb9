"""Handlers of activations: piecewise linear ones spike, others are running sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from tfsnn.layers.hard_sigmoid import keras2_hard_sigmoid
from tfsnn.network.functions import FUNCTIONS
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.function_names import identified
from tfsnn.sources.handlers.masks import usable
from tfsnn.sources.handlers.registry import handles

Activation = Callable[[str, Builder], str]


def leaky(x: str, builder: Builder, slope: Any, max_value: float | None = None) -> str:
    """Add min(max(x, 0), max_value) - slope * max(-x, 0): two populations."""
    if not np.any(slope):
        return builder.rate(x, max_value)
    return two_sided(x, builder, slope, max_value)


def two_sided(
    x: str, builder: Builder, slope: Any = 1.0, high: Any = None, depth: Any = None
) -> str:
    """Add min(max(x, 0), high) - slope * min(max(-x, 0), depth): two populations.

    Neither adds an offset to x, which would round a small x away.
    """
    positive = builder.rate(x, high)
    negated = builder.affine(x, -1.0, suffix="_negated")
    negative = builder.affine(builder.rate(negated, depth), -slope, suffix="_slope")
    return builder.total([positive, negative], suffix="_sum")


def clipped(x: str, builder: Builder, low: Any, high: Any) -> str:
    """Add min(max(x, low), high), by neurons for what lies between.

    Args:
        x: the node to clip.
        builder: the graph in the making.
        low, high: the bounds, numbers or one for each channel, none of which may be of
            both signs; None for no bound. One is given.
    """
    if low is not None and np.all(np.greater_equal(low, 0)):
        bound = None if high is None else high - low
        y = builder.rate(_moved(x, builder, 1.0, -low), bound)
        return _moved(y, builder, 1.0, low, "_offset")
    if high is not None and np.all(np.less_equal(high, 0)):
        bound = None if low is None else high - low
        y = builder.rate(_moved(x, builder, -1.0, high), bound)
        return _moved(y, builder, -1.0, high, "_offset")
    return two_sided(x, builder, high=high, depth=None if low is None else -low)


def mixed(x: str, builder: Builder, bound: np.ndarray, sign: float) -> str:
    """Add max(x, bound), for a sign of -1 min(x, bound); bounds of either sign.

    Channels whose bound lies above 0 have neurons for what exceeds it, and none that is
    ever active for x below 0.
    """
    bound = np.broadcast_to(sign * bound, builder.shape(x)[-1:])
    above, below = np.maximum(bound, 0), (bound < 0).astype(np.float32)
    y = builder.rate(builder.affine(x, sign, -above, suffix="_shifted"))
    y = builder.affine(y, sign, sign * above, suffix="_offset")
    negated = builder.affine(x, -sign * below, suffix="_negated")
    z = builder.rate(negated, np.where(bound < 0, -bound, 1).astype(np.float32))
    return builder.total(
        [y, builder.affine(z, -sign * below, suffix="_slope")], suffix="_sum"
    )


def shrunk(x: str, builder: Builder, threshold: float) -> str:
    """Add max(x - threshold, 0) - max(-x - threshold, 0): two populations."""
    above = builder.affine(x, 1.0, -threshold, suffix="_shifted")
    below = builder.affine(x, -1.0, -threshold, suffix="_negated")
    negative = builder.affine(builder.rate(below), -1.0, suffix="_slope")
    return builder.total([builder.rate(above), negative], suffix="_sum")


def _moved(
    x: str, builder: Builder, sign: float, by: Any, suffix: str = "_shifted"
) -> str:
    """Add sign * x + by, if that is not x itself."""
    if sign == 1 and not np.any(by):
        return x
    return builder.affine(x, sign, by, suffix=suffix)


def hard_sigmoid(x: str, builder: Builder) -> str:
    """Add min(max(x / 6 + 1 / 2, 0), 1), Keras's hard sigmoid."""
    return builder.rate(builder.affine(x, 1 / 6, 0.5, suffix="_shifted"), 1.0)


PIECEWISE: dict[str, Activation] = {
    "relu": lambda x, builder: builder.rate(x),
    "relu6": lambda x, builder: builder.rate(x, 6.0),
    "leaky_relu": lambda x, builder: leaky(x, builder, 0.2),
    "hard_sigmoid": hard_sigmoid,
    "hard_tanh": lambda x, builder: clipped(x, builder, -1.0, 1.0),
    "absolute": lambda x, builder: two_sided(x, builder, slope=-1.0),
    "negative": lambda x, builder: builder.affine(x, -1.0, suffix="_negative"),
    "soft_shrink": lambda x, builder: shrunk(x, builder, 0.5),
    "sparse_sigmoid": lambda x, builder: builder.rate(
        builder.affine(x, 0.5, 0.5, suffix="_shifted"), 1.0
    ),
}
OVER_AXES = ("softmax", "log_softmax", "sparsemax")


def keras2_sigmoid(x: str, builder: Builder) -> str:
    """Add min(max(0.2 x + 0.5, 0), 1), the hard sigmoid of Keras 2."""
    return builder.rate(builder.affine(x, 0.2, 0.5, suffix="_shifted"), 1.0)


def activate(activation: Any, x: str, builder: Builder) -> str:
    """Add the node for an activation function of node `x` and return its name.

    Raises:
        Unsupported: if the activation is none of
            :func:`~tfsnn.sources.handlers.function_names.identified`.
    """
    if isinstance(activation, keras.Layer) and builder.inner:
        (y,) = builder.inner(activation, [x])
        return y
    if activation is keras2_hard_sigmoid:
        return keras2_sigmoid(x, builder)
    name, options = identified(activation)
    return x if name == "linear" else named(name, x, builder, **options)


def named(name: str, x: str, builder: Builder, **options: Any) -> str:
    """Add the node for the activation that Keras calls `name`, with its options."""
    if name in PIECEWISE and not options:
        return PIECEWISE[name](x, builder)
    last = len(builder.shape(x)) - 1
    if name in OVER_AXES:
        return builder.function(name, (x,), axes=(last,))
    if name == "glu":
        shape = builder.shape(x)
        half = (*shape[:-1], shape[-1] // 2)
        return builder.function(name, (x,), half, axis=last)
    if name not in FUNCTIONS:
        raise Unsupported(
            f"activation {name!r} has no spiking form: use another of "
            "keras.activations, such as relu or gelu"
        )
    return builder.function(name, (x,), **options)


@handles(layers.Activation)
def activation(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Activation: any function of ``keras.activations``."""
    x = activate(layer.activation, inputs[0], builder)
    return builder.drop(inputs, "linear activation") if x == inputs[0] else x


@handles(layers.ReLU)
def relu(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate ReLU, be it bounded, leaky or with a threshold."""
    bound = None if layer.max_value is None else float(layer.max_value)
    slope, threshold = float(layer.negative_slope or 0), float(layer.threshold or 0)
    return general_relu(inputs[0], builder, slope, bound, threshold)


def general_relu(
    x: str, builder: Builder, slope: float, bound: float | None, threshold: float
) -> str:
    """Add a ReLU in any form; with a threshold it jumps, so it is a running sum."""
    if bound is not None and bound <= 0:
        raise Unsupported(
            f"max_value={bound} leaves no activation: give a positive bound, or None"
        )
    if threshold == 0:
        return leaky(x, builder, slope, bound)
    return builder.function(
        "stepped_relu", (x,), slope=slope, threshold=threshold, max_value=bound
    )


@handles(layers.LeakyReLU)
def leaky_relu(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate LeakyReLU: two populations, for x above and below 0."""
    return leaky(inputs[0], builder, float(layer.negative_slope))


@handles(layers.PReLU)
def prelu(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate PReLU: a slope for each element, or shared over axes."""
    alpha = np.asarray(layer.alpha)
    if alpha.shape[:-1] == (1,) * (alpha.ndim - 1):
        alpha = alpha.ravel()
    return leaky(inputs[0], builder, alpha)


@handles(layers.ELU)
def elu(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate ELU: a running sum."""
    return builder.function("elu", inputs, alpha=float(layer.alpha))


@handles(layers.Softmax)
def softmax(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Softmax over any axes, of all values or of those a mask leaves."""
    axes = builder.axes(layer.axis, len(builder.shape(inputs[0])))
    mask = usable(builder.argument(1, "mask"), builder)
    if mask is None:
        return builder.function("softmax", inputs[:1], axes=axes)
    return builder.function("masked_softmax", (inputs[0], mask), axes=axes)
