"""Layers in ``channels_first``, by handlers that are written for channels last.

The transpositions around such a layer are gone where the next one has them as well
(:mod:`tfsnn.network.passes.channels_last`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from tfsnn.network.axes import channels_to_back, channels_to_front
from tfsnn.sources.handlers.activation import activate
from tfsnn.sources.handlers.builder import Builder

Handler = Callable[..., str]


def either_format(handler: Handler) -> Handler:
    """Let a handler for channels last translate layers in ``channels_first`` as well.

    The layer's first input is transposed before, and its output behind, if that has as
    many axes. The activation follows, for it may be over the last axis.
    """

    @functools.wraps(handler)
    def translate(
        layer: Any, inputs: Sequence[str], builder: Builder, **fields: Any
    ) -> str:
        if getattr(layer, "data_format", None) != "channels_first":
            return handler(layer, inputs, builder, **fields)
        rank = len(builder.shape(inputs[0]))
        x = builder.transpose(inputs[0], channels_to_back(rank), "_channels_last")
        apart = _misplaces_bias(layer, builder.shape(inputs[0]))
        y = handler(_ChannelsLast(layer, apart), [x, *inputs[1:]], builder, **fields)
        if y == x:
            return inputs[0]
        if len(builder.shape(y)) == rank:
            y = builder.transpose(y, channels_to_front(rank), "_channels_first")
        if apart:
            y = builder.affine(y, 1.0, np.asarray(layer.bias), suffix="_bias")
        return activate(getattr(layer, "activation", None), y, builder)

    return translate


def _misplaces_bias(layer: Any, before: Sequence[int]) -> bool:
    """Whether Keras adds a layer's bias along its last axis, where the width is.

    It does so with TensorFlow (Keras 3.15) if there are as many filters as columns.
    """
    if not getattr(layer, "use_bias", False):
        return False
    shape = layer.compute_output_shape((None, *before))
    return shape[-1] == layer.bias.shape[0] and _adds_along_the_last_axis()


@functools.cache
def _adds_along_the_last_axis() -> bool:
    bias = np.array([[[[0.0]], [[1.0]]]], np.float32)  # (1, 2, 1, 1)
    total = keras.ops.add(np.zeros((1, 2, 2, 2), np.float32), bias)
    return bool(total[0, 0, 0, 1] == 1)


class _ChannelsLast:
    """A layer in ``channels_first``, as if it had the channels last, and no activation.

    All else is the layer's own: weights and windows are the same in both formats.

    Attributes:
        use_bias: whether it has a bias, if that is not added `apart`.
    """

    data_format = "channels_last"
    activation = None

    def __init__(self, layer: Any, apart: bool) -> None:
        self._layer = layer
        self.use_bias = getattr(layer, "use_bias", False) and not apart

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def compute_output_shape(self, shape: Sequence[int | None]) -> tuple[int, ...]:
        """Return the output's shape for an input's, both with the channels last."""
        batch, *places, channels = shape
        first = self._layer.compute_output_shape((batch, channels, *places))
        if len(first) != len(shape):
            return tuple(first)
        batch, channels, *places = first
        return (batch, *places, channels)
