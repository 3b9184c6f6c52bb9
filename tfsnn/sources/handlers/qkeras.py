"""Handlers of QKeras, whose layers round weights and activations to n bits.

C. N. Coelho et al., Nature Machine Intelligence 3, 2021, arXiv 2006.10159. The package
is not imported: its classes are known by their names. Weights are what its own
quantisers make of them; activations have steps of 2^(integer - bits).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from tfsnn.network.nodes import Affine
from tfsnn.network.rounding import Rounding
from tfsnn.sources.handlers.activation import activate
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.quantised import levels
from tfsnn.sources.handlers.registry import handles_named, translate_as

PACKAGE = "qkeras"


def quantised(values: Any, quantiser: Any) -> np.ndarray:
    """Return weights as a quantiser makes them; None leaves them as they are."""
    values = keras.ops.convert_to_tensor(values)
    rounded = values if quantiser is None else quantiser(values)
    return np.asarray(keras.ops.convert_to_numpy(rounded), np.float32)


WEIGHTED: dict[str, type] = {
    "QDense": layers.Dense,
    "QConv1D": layers.Conv1D,
    "QConv2D": layers.Conv2D,
    "QDepthwiseConv2D": layers.DepthwiseConv2D,
}


@handles_named(PACKAGE, "QDense", "QConv1D", "QConv2D")
def dense(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate QDense and QConv: weights as they are rounded, then the activation."""
    kernel = quantised(layer.kernel, layer.kernel_quantizer_internal)
    return _weighted(layer, inputs, builder, kernel=kernel)


@handles_named(PACKAGE, "QDepthwiseConv2D")
def depthwise(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate QDepthwiseConv2D, as QConv2D."""
    kernel = quantised(layer.depthwise_kernel, layer.depthwise_quantizer_internal)
    return _weighted(layer, inputs, builder, kernel=kernel)


def _weighted(
    layer: Any, inputs: Sequence[str], builder: Builder, **fields: Any
) -> str:
    bias = None
    if layer.use_bias:
        bias = quantised(layer.bias, layer.bias_quantizer_internal)
    kind = WEIGHTED[type(layer).__name__]
    fields |= {"bias": bias, "activation": None}
    y = translate_as(kind, layer, inputs, builder, **fields)
    return _activated(layer.activation, y, builder)


@handles_named(PACKAGE, "QActivation")
def activation(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate QActivation: a quantised ReLU, or numbers of n bits."""
    return _activated(layer.activation, inputs[0], builder)


@handles_named(PACKAGE, "QBatchNormalization")
def normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate QBatchNormalization: a gain and an offset, of rounded parameters."""
    (x,) = inputs
    axis = layer.axis[0] if isinstance(layer.axis, list | tuple) else layer.axis
    if axis not in (-1, len(builder.shape(x))):
        raise Unsupported(
            f"it normalises axis {axis}; only the last axis (channels) is supported: "
            "move the channels last"
        )

    def parameter(name: str, own: str) -> np.ndarray:
        return quantised(
            getattr(layer, own), getattr(layer, f"{name}_quantizer_internal")
        )

    # In float32 and in this order, as the layer computes.
    variance = parameter("variance", "moving_variance")
    gain = 1 / np.sqrt(variance + np.float32(layer.epsilon))
    if layer.gamma is not None:
        gain = gain * parameter("gamma", "gamma")
    gain = quantised(gain, layer.inverse_quantizer_internal)
    offset = -parameter("mean", "moving_mean") * gain
    if layer.beta is not None:
        offset = parameter("beta", "beta") + offset
    return builder.add(Affine, (x,), builder.shape(x), gain=gain, offset=offset)


def _activated(quantiser: Any, x: str, builder: Builder) -> str:
    """Add the activation of a layer: a quantiser of QKeras, or a function of Keras."""
    if not type(quantiser).__module__.startswith(f"{PACKAGE}."):
        return activate(quantiser, x, builder)
    kind = type(quantiser).__name__
    if kind not in KINDS:
        raise Unsupported(
            f"the quantiser {kind} of its activation is not supported: use "
            f"{' or '.join(KINDS)}, or register a handler with @tfsnn.handles"
        )
    for name, usual in KINDS[kind].items():
        value = getattr(quantiser, name)
        if value not in usual:
            raise Unsupported(
                f"{name}={value!r} of the quantiser {kind} of its activation is not "
                f"supported: use {name}={usual[0]!r}"
            )
    signed = kind == "quantized_bits" and bool(quantiser.keep_negative)
    bits = int(quantiser.bits) - signed
    if bits < 1:
        raise Unsupported(
            f"its activation has {quantiser.bits} bit(s) with a sign, which has no 0: "
            "use 2 bits or more"
        )
    step = 2.0 ** (int(quantiser.integer) - bits)
    most = 2**bits - 1
    below = most + (not quantiser.symmetric) if signed else 0
    rounding = Rounding(most, step, gain=1 / step, half="even")
    return levels(x, builder, rounding, below)


# Values of their arguments with which a quantiser rounds to even steps, by its name.
KINDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "quantized_relu": {
        "use_sigmoid": (0,),
        "negative_slope": (0,),
        "is_quantized_clip": (True,),
        "qnoise_factor": (1,),
    },
    "quantized_bits": {"alpha": (1, None), "qnoise_factor": (1,)},
}
