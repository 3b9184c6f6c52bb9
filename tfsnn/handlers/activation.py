"""Activations: ReLU in its forms becomes a spiking neuron; heads are read out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfsnn.handlers.registry import Builder, Unsupported, handles
from tfsnn.nodes import Rate, Readout

# Activations that may stand at an output: applied once, to the mean output current.
HEADS = ("softmax", "sigmoid", "tanh", "log_softmax", "softplus", "exponential")


def activate(activation: Any, x: str, builder: Builder) -> str:
    """The node for a Keras activation function of node `x`.

    Raises:
        Unsupported: if it is neither a ReLU nor one that may stand at an output.
    """
    name = getattr(activation, "__name__", str(activation))
    if activation not in (getattr(keras.activations, name, None), None):
        raise Unsupported(
            f"activation {name!r} is not one of keras.activations: "
            "use ReLU, or register a handler with @tfsnn.handles"
        )
    if name in ("linear", "None"):
        return x
    if name == "relu":
        return rate(x, builder)
    if name == "relu6":
        return rate(x, builder, max_value=6.0)
    if name in HEADS:
        return head(x, builder, name)
    raise Unsupported(
        f"activation {name!r} has no spiking form yet: train with ReLU or ReLU6"
    )


def rate(x: str, builder: Builder, max_value: float | None = None) -> str:
    """The neuron for min(max(x, 0), max_value)."""
    suffix = "" if builder.layer not in builder.nodes else "_relu"
    return builder.add(Rate, (x,), builder.shape(x), suffix=suffix, max_value=max_value)


def head(x: str, builder: Builder, name: str) -> str:
    """A readout; the walk refuses it where the network goes on behind it."""
    return builder.add(Readout, (x,), builder.shape(x), name, suffix="_" + name)


@handles(layers.Activation)
def activation(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Activation: any of the above."""
    x = activate(layer.activation, inputs[0], builder)
    return builder.drop(inputs, "linear activation") if x == inputs[0] else x


@handles(layers.ReLU, only={"negative_slope": (0.0,), "threshold": (0.0,)})
def relu(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """ReLU, bounded or not."""
    bound = None if layer.max_value is None else float(layer.max_value)
    if bound is not None and bound <= 0:
        raise Unsupported(f"max_value={bound} leaves no activation")
    return rate(inputs[0], builder, bound)


@handles(layers.Softmax, only={"axis": (-1,)})
def softmax(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """A softmax head."""
    return head(inputs[0], builder, "softmax")
