"""Handlers of layers in front of a network: bins, classes, spectra, pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from tfsnn.network.nodes import Linear
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.ops.encoding import one_hot
from tfsnn.sources.handlers.registry import handles


@handles(layers.Discretization, only={"sparse": (False,)})
def discretization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Discretization: the bin between constant bounds that a value is in."""
    if layer.bin_boundaries is None:
        raise Unsupported("it has no bounds yet: adapt it to data, or give it some")
    bounds = tuple(float(bound) for bound in layer.bin_boundaries)
    y = builder.function("digitize", inputs, suffix="", bins=bounds)
    return encoded(y, layer.output_mode, len(bounds) + 1, builder)


@handles(layers.CategoryEncoding, only={"sparse": (False,)})
def category_encoding(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate CategoryEncoding of numbers of classes."""
    if builder.argument(1, "count_weights") is not None:
        raise Unsupported(
            "count_weights are given, which is not supported: use "
            "output_mode='one_hot' and multiply"
        )
    return encoded(inputs[0], layer.output_mode, layer.num_tokens, builder)


def encoded(x: str, mode: str, classes: int, builder: Builder) -> str:
    """Add numbers of classes in a form of Keras: int, one_hot, multi_hot or count."""
    if mode == "int":
        return x
    shape = builder.shape(x)
    if not shape and mode != "one_hot":
        raise Unsupported(
            f"output_mode={mode!r} of one number for each sample joins the samples: "
            "give it numbers of shape (B, 1)"
        )
    if mode == "one_hot":
        if shape[-1:] == (1,):
            x = builder.reshape(x, shape[:-1])
        return one_hot(x, classes, len(builder.shape(x)), builder)
    y = one_hot(x, classes, len(shape), builder)
    return builder.reduce(y, {"multi_hot": "amax"}.get(mode, "sum"), (0,), False)


@handles(layers.Pipeline)
def pipeline(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Pipeline: its layers one behind the other."""
    assert builder.inner is not None
    (y,) = inputs
    for each in layer.layers:
        (y,) = builder.inner(each, [y])
    return y


@handles(layers.STFTSpectrogram)
def stft_spectrogram(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate STFTSpectrogram: two convolutions with fixed waves, then functions."""
    x: str = inputs[0]
    first = layer.data_format == "channels_first"
    if first:
        x = builder.transpose(x, (1, 0), "_channels_last")
    y = _spectrum(layer, x, builder)  # (T, channels, frequencies)
    if layer.expand_dims:
        order = (1, 0, 2) if first else (0, 2, 1)
        return builder.transpose(y, order, "_frequencies")
    frames, channels, count = builder.shape(y)
    y = builder.reshape(y, (frames, channels * count))
    return builder.transpose(y, (1, 0), "_channels_first") if first else y


def _spectrum(layer: Any, x: str, builder: Builder) -> Signal:
    mode, epsilon = layer.mode, keras.config.epsilon()
    if mode in ("real", "imag"):
        return _waves(layer, x, f"{mode}_kernel", builder)
    real = _waves(layer, x, "real_kernel", builder)
    imaginary = _waves(layer, x, "imag_kernel", builder)
    if mode == "angle":
        return builder.function("arctan2", (imaginary, real))
    if mode == "stft":
        return builder.concatenate((real, imaginary), 2, "_parts")
    power = builder.total(
        [builder.function("square", (part,)) for part in (real, imaginary)],
        suffix="_power",
    )
    if mode == "psd":  # all but the first and last frequency stand for two
        gain = np.full(builder.shape(power)[-1], 2.0)
        gain[[0, -1]] = 1
        return builder.affine(power, gain, suffix="_density")
    size = builder.function("sqrt", (_at_least(power, epsilon, builder),))
    if mode == "magnitude":
        return size
    return builder.function("log", (_at_least(size, epsilon, builder),))


def _waves(layer: Any, x: str, name: str, builder: Builder) -> Signal:
    """Add the share of waves in each frame: ``(T, channels, frequencies)``."""
    kernel = np.asarray(getattr(layer, name))  # (frame, 1, frequencies)
    length, channels = builder.shape(x)
    kernel = np.repeat(kernel, channels, 1)
    size, stride = kernel.shape[0], layer.frame_step
    frames = -(-length // stride)
    if layer.padding == "valid":
        frames = (length - size) // stride + 1
    shape = (frames, channels * kernel.shape[-1])
    window = {"strides": (stride,), "dilation": (1,), "padding": layer.padding}
    part = f"_{name.removesuffix('_kernel')}"
    y = builder.add(
        Linear, (x,), shape, "depthwise", kernel=kernel, suffix=part, **window
    )
    return builder.reshape(y, (frames, channels, kernel.shape[-1]))


def _at_least(x: str, bound: float, builder: Builder) -> Signal:
    limit = builder.constant(np.full((1,) * len(builder.shape(x)), bound))
    return builder.function("maximum", (x, limit))
