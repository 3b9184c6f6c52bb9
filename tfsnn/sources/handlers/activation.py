"""Handlers of activations: piecewise linear ones spike, others are running sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from tfsnn.network.functions import FUNCTIONS
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.registry import handles

Activation = Callable[[str, Builder], str]


def leaky(x: str, builder: Builder, slope: Any, max_value: float | None = None) -> str:
    """Add min(max(x, 0), max_value) - slope * max(-x, 0): two populations."""
    positive = builder.rate(x, max_value)
    if not np.any(slope):
        return positive
    negated = builder.affine(x, -1.0, suffix="_negated")
    negative = builder.rate(negated)
    return builder.total(
        [positive, builder.affine(negative, -slope, suffix="_slope")], suffix="_sum"
    )


def clipped(x: str, builder: Builder, low: float, high: float) -> str:
    """Add min(max(x, low), high): bounded neurons between an offset and its inverse."""
    shifted = builder.affine(x, 1.0, -low, suffix="_shifted") if low else x
    y = builder.rate(shifted, high - low)
    return builder.affine(y, 1.0, low, suffix="_offset") if low else y


def hard_sigmoid(x: str, builder: Builder) -> str:
    """Add min(max(x / 6 + 1 / 2, 0), 1), Keras's hard sigmoid."""
    return builder.rate(builder.affine(x, 1 / 6, 0.5, suffix="_shifted"), 1.0)


PIECEWISE: dict[str, Activation] = {
    "relu": lambda x, builder: builder.rate(x),
    "relu6": lambda x, builder: builder.rate(x, 6.0),
    "leaky_relu": lambda x, builder: leaky(x, builder, 0.2),
    "hard_sigmoid": hard_sigmoid,
    "hard_tanh": lambda x, builder: clipped(x, builder, -1.0, 1.0),
}
OVER_AXES = ("softmax", "log_softmax", "sparsemax")


def activate(activation: Any, x: str, builder: Builder) -> str:
    """Add the node for a Keras activation function of node `x` and return its name.

    Raises:
        Unsupported: if the activation is not a function of ``keras.activations``.
    """
    name = getattr(activation, "__name__", str(activation))
    if activation not in (getattr(keras.activations, name, None), None):
        if isinstance(activation, keras.Layer) and builder.inner:
            (y,) = builder.inner(activation, [x])
            return y
        raise Unsupported(
            f"activation {name!r} is not one of keras.activations: "
            "use ReLU, or register a handler with @tfsnn.handles"
        )
    if name in ("linear", "None"):
        return x
    return named(name, x, builder)


def named(name: str, x: str, builder: Builder, **options: Any) -> str:
    """Add the node for the activation that Keras calls `name`, with its options."""
    name = {"exponential": "exp"}.get(name, name)
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
    op = "softmax" if builder.argument(1, "mask") is None else "masked_softmax"
    return builder.function(op, inputs, axes=axes)
