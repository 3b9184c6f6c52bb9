"""Handlers of wrappers, which hold another layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.layers import BoundedWeightNormalization
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.linear import KERNELS
from tfsnn.sources.handlers.registry import handles


@handles(layers.TimeDistributed)
def time_distributed(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate TimeDistributed: the layer inside, once for each step of the sequence.

    Steps of a sequence are not time steps of the simulation: each has its own nodes.
    """
    if builder.kwargs.get("mask") is not None:
        raise Unsupported(
            "a mask is given, which is not supported: multiply by it instead"
        )
    (x,) = inputs
    length, *inside = builder.shape(x)
    parts = []
    for i in range(length):
        step = builder.slice(x, 0, i, i + 1, "_step")
        step = builder.reshape(step, inside)
        assert builder.inner is not None
        (y,) = builder.inner(layer.layer, [step])
        parts.append(builder.reshape(y, (1, *builder.shape(y))))
    return parts[0] if length == 1 else builder.concatenate(parts, 0, "_steps")


@handles(layers.SpectralNormalization)
def spectral_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate SpectralNormalization: the layer inside, its kernel normalised."""
    assert builder.inner is not None
    (y,) = builder.inner(layer.layer, inputs)
    return y


@handles(BoundedWeightNormalization)
def bounded_weight_normalization(
    layer: Any, inputs: Sequence[str], builder: Builder
) -> str:
    """Translate BoundedWeightNormalization: the layer inside, its kernel normalised."""
    handler = KERNELS.get(type(layer.layer))
    if handler is None:
        raise Unsupported(
            f"it holds a {type(layer.layer).__name__}: only dense layers, convolutions "
            "and depthwise convolutions are supported in it"
        )
    return handler(layer.layer, inputs, builder, kernel=np.asarray(layer.kernel()))
