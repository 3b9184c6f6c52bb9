"""Handlers of dense layers, convolutions and embeddings, with their activation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.network.nodes import Linear, Lookup, Pad, Source
from tfsnn.network.nodes.movement import Movement
from tfsnn.sources.handlers.activation import activate
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.channels_first import either_format
from tfsnn.sources.handlers.kernels import kernel_of, scale_of, table_of
from tfsnn.sources.handlers.registry import handles


def _window(layer: Any) -> dict[str, Any]:
    """Return strides, dilation and padding of a convolution, as fields of a node."""
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
        raise Unsupported(
            f"its output shape {shape} is not fixed and positive: give the model "
            "inputs of fixed shape, large enough for the layer"
        )
    return shape


def linear(
    layer: Any,
    inputs: Sequence[str],
    builder: Builder,
    form: str,
    kernel: np.ndarray | None = None,
    shape: tuple[int, ...] | None = None,
    **fields: Any,
) -> str:
    """Add the node for a layer with one kernel, and that of its activation."""
    y = builder.add(
        Linear,
        inputs,
        shape or _output(layer, builder, inputs[0]),
        form,
        kernel=kernel_of(layer, builder) if kernel is None else kernel,
        bias=_bias(layer),
        **fields,
    )
    return activate(layer.activation, y, builder)


@handles(layers.Dense)
def dense(layer: Any, inputs: Sequence[str], builder: Builder, **fields: Any) -> str:
    """Translate Dense, which acts on the last axis."""
    return linear(layer, inputs, builder, "dense", **fields)


@handles(layers.Conv1D, layers.Conv2D, layers.Conv3D)
@either_format
def convolution(
    layer: Any, inputs: Sequence[str], builder: Builder, **fields: Any
) -> str:
    """Translate convolutions with any strides, dilation, groups and padding."""
    window = _window(layer)
    shape = _output(layer, builder, inputs[0])
    if layer.padding == "causal":
        ((size,), (dilation,)) = layer.kernel_size, window["dilation"]
        amounts = ((dilation * (size - 1), 0), (0, 0))
        length, channels = builder.shape(inputs[0])
        padded = (length + amounts[0][0], channels)
        inputs = [builder.add(Pad, inputs, padded, amounts, suffix="_padding")]
        window["padding"] = "valid"
    fields |= {**window, "shape": shape}
    channels = builder.shape(inputs[0])[-1]
    if layer.groups == channels > 1 and _can_be_depthwise(window):
        # One depthwise operation is faster than one convolution for each group.
        kernel = np.asarray(fields.pop("kernel", layer.kernel))
        fields["kernel"] = kernel.reshape(*kernel.shape[:-2], channels, -1)
        return linear(layer, inputs, builder, "depthwise", **fields)
    return linear(layer, inputs, builder, "conv", groups=layer.groups, **fields)


def _can_be_depthwise(window: dict[str, Any]) -> bool:
    """Whether TensorFlow has a depthwise operation for this window.

    It has one for windows of one or two axes with equal strides.
    """
    return len(window["strides"]) < 3 and len(set(window["strides"])) == 1


@handles(layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
@either_format
def transposed_convolution(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate transposed convolutions."""
    return linear(layer, inputs, builder, "transposed", **_window(layer))


@handles(layers.DepthwiseConv1D, layers.DepthwiseConv2D)
@either_format
def depthwise_convolution(
    layer: Any, inputs: Sequence[str], builder: Builder, **fields: Any
) -> str:
    """Translate depthwise convolutions with any depth multiplier."""
    return linear(layer, inputs, builder, "depthwise", **_window(layer), **fields)


@handles(layers.SeparableConv1D, layers.SeparableConv2D)
@either_format
def separable_convolution(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate separable convolutions: a depthwise and a pointwise convolution."""
    shape = _output(layer, builder, inputs[0])
    depthwise = np.asarray(layer.depthwise_kernel)
    pointwise = np.asarray(layer.pointwise_kernel)
    window = _window(layer)
    y = builder.add(
        Linear,
        inputs,
        (*shape[:-1], pointwise.shape[-2]),
        "depthwise",
        suffix="_depthwise",
        kernel=depthwise,
        **window,
    )
    ones = (1,) * len(window["strides"])
    y = builder.add(
        Linear,
        (y,),
        shape,
        "conv",
        kernel=pointwise,
        bias=_bias(layer),
        strides=ones,
        dilation=ones,
    )
    return activate(layer.activation, y, builder)


@handles(layers.EinsumDense)
def einsum_dense(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate EinsumDense: a dense node between transposes and reshapes."""
    return activate(layer.activation, projected(layer, inputs[0], builder), builder)


def projected(layer: Any, x: str, builder: Builder) -> str:
    """Add what an EinsumDense makes of x, without its activation."""
    kernel, scale = kernel_of(layer, builder), scale_of(layer)
    if scale is None:
        return contract(layer.equation, x, kernel, layer.bias, builder)
    y = contract(layer.equation, x, kernel, None, builder)
    shape = builder.shape(y)
    scale = scale.reshape(scale.shape[max(scale.ndim - len(shape), 0) :])
    offset = 0.0 if layer.bias is None else np.asarray(layer.bias)
    return builder.affine(y, *_full(shape, scale, offset), suffix="_scale")


def _full(shape: tuple[int, ...], *values: Any) -> list[np.ndarray]:
    """Return numbers of each place, or of each channel where that says all."""
    full = [np.broadcast_to(value, shape) for value in values]
    flat = [each.reshape(-1, shape[-1]) for each in full]
    alike = all((each == each[0]).all() for each in flat)
    return [each[0] for each in flat] if alike else full


def contract(
    equation: str, x: str, kernel: Any, bias: Any | None, builder: Builder
) -> str:
    """Add Einstein's sum of a signal and a kernel, ``"abc,cde->abde"``, plus a bias.

    Letters of both that are not in the result are summed: they are the inputs of a
    dense node, whose outputs are the letters of the kernel alone.
    """
    kernel = np.asarray(kernel)
    terms, result = equation.replace(" ", "").split("->")
    signal, weights = terms.split(",")
    if "..." in equation:
        signal, weights, result = _without_dots(
            signal, weights, result, len(builder.shape(x)) + 1
        )
    summed = [c for c in signal if c in weights and c not in result]
    added = [c for c in weights if c not in signal]
    kept = [c for c in signal[1:] if c in result and c not in weights]
    both = [c for c in signal if c in weights and c in result]
    simple = len(kept) + len(summed) == len(signal) - 1 and set(added) <= set(result)
    if both or signal[0] != result[0] or signal[0] in weights or not simple:
        y = _product(signal, weights, result, x, kernel, builder)
        return y if bias is None else _plus(y, np.asarray(bias), builder)
    lengths = dict(zip(signal[1:], builder.shape(x), strict=True))
    lengths |= dict(zip(weights, kernel.shape, strict=True))
    order = [signal[1:].index(c) for c in kept + summed]
    y = builder.transpose(x, order, "_transpose")
    inside = math.prod(lengths[c] for c in summed)
    outside = math.prod(lengths[c] for c in added)
    y = builder.reshape(y, [*(lengths[c] for c in kept), inside])
    matrix = kernel.transpose([weights.index(c) for c in summed + added])
    shape = (*builder.shape(y)[:-1], outside)
    matrix = matrix.reshape(inside, outside)
    own = None
    if bias is not None:
        full = np.broadcast_to(np.asarray(bias), [lengths[c] for c in result[1:]])
        rows = full.transpose([result[1:].index(c) for c in kept + added])
        rows = rows.reshape(-1, outside)
        if (rows == rows[0]).all():  # nearly always: one bias for each output
            own, bias = rows[0], None
    y = builder.add(Linear, (y,), shape, "dense", kernel=matrix, bias=own)
    y = builder.reshape(y, [lengths[c] for c in kept + added])
    order = [(kept + added).index(c) for c in result[1:]]
    y = builder.transpose(y, order, "_transpose")
    return y if bias is None else _plus(y, np.asarray(bias), builder)


def _plus(y: str, bias: np.ndarray, builder: Builder) -> str:
    whole = np.broadcast_to(bias, builder.shape(y))
    return builder.affine(y, 1.0, whole, suffix="_bias")


def _without_dots(
    signal: str, weights: str, result: str, rank: int
) -> tuple[str, str, str]:
    """Replace "...", which stands for leading axes, by letters in the three terms."""
    free = [c for c in "ABCDEFGHIJ" if c not in signal + weights + result]
    dots = "".join(free[: rank - len(signal.replace("...", ""))])
    return (
        signal.replace("...", dots),
        weights.replace("...", ""),
        result.replace("...", dots),
    )


def _product(
    signal: str, weights: str, result: str, x: str, kernel: np.ndarray, builder: Builder
) -> str:
    """Add Einstein's sum as a product with a constant, where no dense node fits."""
    if signal[0] != result[0] or signal[0] in weights:
        raise Unsupported(
            f"the equation {signal},{weights}->{result} mixes samples: its first axis, "
            "the batch, must stay first and not be in the kernel"
        )
    constant = builder.constant(kernel)
    lengths = dict(zip(signal[1:], builder.shape(x), strict=True))
    lengths |= dict(zip(weights, kernel.shape, strict=True))
    shape = tuple(lengths[c] for c in result[1:])
    equation = f"{signal},{signal[0]}{weights}->{result}"
    return builder.function("einsum", (x, constant), shape, equation=equation)


@handles(layers.Embedding)
def embedding(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Embedding: rows of a table, by numbers that are a model input."""
    node = builder.nodes[inputs[0]]
    while isinstance(node, Movement):
        node = builder.nodes[node.inputs[0]]
    if not isinstance(node, Source):
        raise Unsupported("its numbers are computed in the model: make them an input")
    table = table_of(layer)
    shape = (*builder.shape(inputs[0]), table.shape[-1])
    return builder.add(Lookup, inputs, shape, table=table)


KERNELS: dict[type, Callable[..., str]] = {
    layers.Dense: dense,
    layers.Conv1D: convolution,
    layers.Conv2D: convolution,
    layers.Conv3D: convolution,
    layers.DepthwiseConv2D: depthwise_convolution,
    layers.DepthwiseConv1D: depthwise_convolution,
}
"""Handlers that take a `kernel` other than the layer's, for wrappers of weights."""
