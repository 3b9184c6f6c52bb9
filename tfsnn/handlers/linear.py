"""Dense and convolutions, with their fused activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.handlers.activation import activate
from tfsnn.handlers.registry import CHANNELS_LAST, Builder, Unsupported, handles
from tfsnn.nodes import Linear


def _window(layer: Any) -> dict[str, Any]:
    """Strides, dilation and padding of a convolution, as fields of a node."""
    return {
        "strides": tuple(layer.strides),
        "dilation": tuple(layer.dilation_rate),
        "padding": layer.padding,
    }


def _bias(layer: Any) -> np.ndarray | None:
    return np.asarray(layer.bias) if layer.use_bias else None


def _output(layer: Any, builder: Builder, x: str) -> tuple[int, ...]:
    shape = layer.compute_output_shape((None, *builder.shape(x)))[1:]
    if any(n is None or n < 1 for n in shape):
        raise Unsupported(f"its output shape {shape} is not fixed and positive")
    return shape


def linear(
    layer: Any, inputs: Sequence[str], builder: Builder, form: str, **fields: Any
) -> str:
    """The node for a layer with one kernel, and its activation."""
    if getattr(layer, "quantization_mode", None):
        raise Unsupported("quantised weights: convert the model before quantisation")
    y = builder.add(
        Linear,
        inputs,
        _output(layer, builder, inputs[0]),
        form,
        kernel=np.asarray(layer.kernel),
        bias=_bias(layer),
        **fields,
    )
    return activate(layer.activation, y, builder)


@handles(layers.Dense)
def dense(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Dense, on the last axis."""
    return linear(layer, inputs, builder, "dense")


@handles(layers.Conv2D, only=CHANNELS_LAST)
def conv2d(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Conv2D: strides, dilation, groups, same or valid padding."""
    window = _window(layer)
    return linear(layer, inputs, builder, "conv", groups=layer.groups, **window)


@handles(layers.DepthwiseConv2D, only=CHANNELS_LAST)
def depthwise_conv2d(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """DepthwiseConv2D with any depth multiplier."""
    return linear(layer, inputs, builder, "depthwise", **_window(layer))


@handles(layers.SeparableConv2D, only=CHANNELS_LAST)
def separable_conv2d(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """SeparableConv2D: a depthwise convolution and a 1x1 convolution behind it."""
    shape = _output(layer, builder, inputs[0])
    depthwise = np.asarray(layer.depthwise_kernel)
    pointwise = np.asarray(layer.pointwise_kernel)
    between = (*shape[:-1], pointwise.shape[-2])
    y = builder.add(
        Linear,
        inputs,
        between,
        "depthwise",
        suffix="_depthwise",
        kernel=depthwise,
        **_window(layer),
    )
    y = builder.add(
        Linear,
        (y,),
        shape,
        "conv",
        kernel=pointwise,
        bias=_bias(layer),
        strides=(1, 1),
        dilation=(1, 1),
    )
    return activate(layer.activation, y, builder)
