"""Handlers of pooling and convolutions: windows over the places of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from tfsnn.network.nodes import Average, Linear, Max, Pool
from tfsnn.sources.handlers.builder import Builder, Shape, Signal, Unsupported
from tfsnn.sources.handlers.linear import convolution, linear
from tfsnn.sources.handlers.ops.calls import channels_last, number, output_shape
from tfsnn.sources.handlers.pooling import to_size
from tfsnn.sources.handlers.registry import Handler, handles_operation


def each(value: Any, rank: int) -> tuple[int, ...]:
    """Return one number for each of `rank` axes, from one number or several."""
    return (value,) * rank if isinstance(value, int) else tuple(value)


def _pooling(kind: type[Pool]) -> Handler:
    @channels_last
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        """Translate average_pool and max_pool."""
        before = builder.shape(inputs[0])
        rank = len(before) - 1
        size = each(operation.pool_size, rank)
        strides = each(operation.strides or size, rank)
        padding = operation.padding.lower()
        if padding == "same":
            window = [-(-n // s) for n, s in zip(before, strides, strict=False)]
        else:
            window = [
                (n - k) // s + 1 for n, k, s in zip(before, size, strides, strict=False)
            ]
        shape = (*window, before[-1])
        return builder.add(kind, inputs, shape, size, strides, padding)

    return handler


def _adaptive(kind: type[Pool]) -> Handler:
    pool = to_size(kind)

    @channels_last
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> Any:
        """Translate adaptive pooling, to a fixed number of outputs."""
        rank = len(builder.shape(inputs[0])) - 1
        size = each(operation.output_size, rank)
        return pool(SimpleNamespace(output_size=size), inputs, builder)

    return handler


handles_operation("AveragePool")(_pooling(Average))
handles_operation("MaxPool")(_pooling(Max))
handles_operation("AdaptiveAveragePool")(_adaptive(Average))
handles_operation("AdaptiveMaxPool")(_adaptive(Max))


@dataclass
class Weights:
    """A convolution's arguments under the names that Keras' layers have for them."""

    kernel: np.ndarray
    strides: tuple[int, ...]
    dilation_rate: tuple[int, ...]
    padding: str
    shape: Shape
    groups: int = 1
    use_bias: bool = False
    activation: None = None

    @property
    def kernel_size(self) -> tuple[int, ...]:
        """The sizes of the window."""
        return self.kernel.shape[:-2]

    def compute_output_shape(self, before: Any) -> tuple[int | None, ...]:
        """Return the shape of the output of a batch."""
        return (None, *self.shape)


def _weights(operation: Any, inputs: Sequence[str], builder: Builder) -> Weights:
    if len(inputs) > 1 or not isinstance(builder.argument(0, "inputs"), Signal):
        raise Unsupported(
            "its kernel is computed in the model: make it a constant of the model, or "
            "use keras.ops.einsum"
        )
    kernel = number(builder.argument(1, "kernel"), "kernel").astype(np.float32)
    before = builder.shape(inputs[0])
    rank = len(before) - 1
    return Weights(
        kernel,
        each(operation.strides, rank),
        each(operation.dilation_rate, rank),
        operation.padding,
        output_shape(operation, builder),
        groups=before[-1] // kernel.shape[-2],
    )


@handles_operation("Conv")
@channels_last
def conv(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate conv with a constant kernel, grouped or not."""
    return convolution(_weights(operation, inputs, builder), inputs, builder)


@handles_operation("DepthwiseConv")
@channels_last
def depthwise(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate depthwise_conv with a constant kernel."""
    weights = _weights(operation, inputs, builder)
    return linear(
        weights, inputs, builder, "depthwise", **_window(weights, weights.padding)
    )


@handles_operation("ConvTranspose")
@channels_last
def transposed(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate conv_transpose with a constant kernel."""
    weights = _weights(operation, inputs, builder)
    return linear(
        weights, inputs, builder, "transposed", **_window(weights, weights.padding)
    )


def _window(weights: Weights, padding: str) -> dict[str, Any]:
    return {
        "strides": weights.strides,
        "dilation": weights.dilation_rate,
        "padding": padding,
    }


@handles_operation("SeparableConv")
@channels_last
def separable(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate separable_conv: a depthwise and a pointwise convolution."""
    pointwise = number(builder.argument(2, "pointwise_kernel"), "pointwise_kernel")
    kernel = number(builder.argument(1, "depthwise_kernel"), "depthwise_kernel")
    *window, channels, multiplier = kernel.shape
    shape = output_shape(operation, builder)
    rank = len(window)
    y = builder.add(
        Linear,
        inputs,
        (*shape[:-1], channels * multiplier),
        "depthwise",
        suffix="_depthwise",
        kernel=kernel.astype(np.float32),
        strides=each(operation.strides, rank),
        dilation=each(operation.dilation_rate, rank),
        padding=operation.padding,
    )
    return builder.add(
        Linear,
        (y,),
        shape,
        "conv",
        kernel=pointwise.astype(np.float32),
        strides=(1,) * rank,
        dilation=(1,) * rank,
    )
