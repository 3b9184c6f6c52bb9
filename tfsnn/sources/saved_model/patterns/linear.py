"""Patterns of dense layers and convolutions, with the bias added to their result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.saved_model.convolution import read_convolution
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.registry import Composition, recognises
from tfsnn.sources.saved_model.translators.convolution import emit_convolution
from tfsnn.sources.saved_model.translators.matmul import read_dense


@dataclass(frozen=True)
class Linear:
    """A dense layer or convolution as the graph states it, without its bias.

    Attributes:
        x: the graph's tensor that it reads.
        label: name of the operation.
        channel_axis: axis of the channels of its output in the graph.
        emit: function that makes the Keras tensor of the result, from the rebuild, the
            Keras tensor of `x` and a bias.
    """

    x: Any
    label: str
    channel_axis: int
    emit: Callable[..., Any]


def read_linear(tensor: Any, network: Network) -> Linear | None:
    """Read the dense layer or convolution that ends in this tensor."""
    if (found := read_convolution(tensor, network)) is not None:
        axis = 1 if found.channels_first else tensor.shape.rank - 1
        return Linear(
            found.x,
            found.label,
            axis,
            lambda rebuild, x, bias: emit_convolution(rebuild, found, x, bias),
        )
    if (dense := read_dense(tensor, network)) is None:
        return None
    return Linear(
        dense.x,
        dense.label,
        tensor.shape.rank - 1,
        lambda rebuild, x, bias: rebuild.weighted(
            layers.Dense,
            x,
            [dense.kernel] if bias is None else [dense.kernel, bias],
            units=dense.kernel.shape[1],
            use_bias=bias is not None,
            kernel_initializer="zeros",
        ),
    )


@recognises("Reshape", "Squeeze", "BatchToSpaceND")
def without_bias(operation: Any, network: Network) -> Composition | None:
    """Recognise a layer without bias that is written in several operations."""
    found = read_linear(operation.outputs[0], network)
    if found is None:
        return None
    return Composition(
        [found.x], lambda rebuild, x: found.emit(rebuild, x, None), found.label
    )


@recognises("BiasAdd", "AddV2", "Add", "Sub")
def with_bias(operation: Any, network: Network) -> Composition | None:
    """Recognise a layer with its bias, a constant for each channel of its result."""
    a, b = operation.inputs
    if network.constant(a) is not None and operation.type != "Sub":
        a, b = b, a
    offset = network.constant(b)
    if offset is None or not network.is_live(a) or not network.only_reader(a):
        return None
    before = network.source(a)
    found = read_linear(before, network)
    if found is None:
        return _through_reshape(operation, before, offset, network)
    rank = before.shape.rank
    axis = _channel_axis(operation, offset, rank)
    channels = before.shape[found.channel_axis]
    if axis != found.channel_axis or offset.size != channels:
        return None
    bias = -offset.ravel() if operation.type == "Sub" else offset.ravel()
    return Composition(
        [found.x], lambda rebuild, x: found.emit(rebuild, x, bias), found.label
    )


def _through_reshape(
    operation: Any, reshaped: Any, offset: np.ndarray, network: Network
) -> Composition | None:
    """Recognise a bias behind a reshape that keeps or splits channels, as attention."""
    if reshaped.op.type not in ("Reshape", "Squeeze"):
        return None
    before = network.source(reshaped.op.inputs[0])
    found = read_linear(before, network)
    if found is None or not network.only_reader(before):
        return None
    rank, channels = before.shape.rank, before.shape[found.channel_axis]
    sizes = reshaped.shape.as_list()
    while len(sizes) > 1 and np.prod(sizes[1:]) >= channels:
        sizes = sizes[1:]
    extra = offset.ndim - len(sizes)
    if extra > 0 and set(offset.shape[:extra]) != {1}:
        return None
    given = offset.reshape(offset.shape[max(extra, 0) :])
    if found.channel_axis != rank - 1 or np.prod(sizes) != channels:
        return None
    if operation.type == "Sub" or _nchw(operation):
        return None
    bias = np.broadcast_to(given, sizes).ravel()
    units = network.layout(reshaped).units
    return Composition(
        [found.x],
        lambda rebuild, x: rebuild.reshape(found.emit(rebuild, x, bias), units),
        found.label,
    )


def _channel_axis(operation: Any, offset: np.ndarray, rank: int) -> int | None:
    """Return the axis along which an offset varies, None if there are several."""
    if operation.type == "BiasAdd":
        return 1 if _nchw(operation) and rank > 2 else rank - 1
    shape = (1,) * (rank - offset.ndim) + offset.shape
    varying = [i for i, n in enumerate(shape) if n != 1]
    return varying[0] if len(varying) == 1 else rank - 1 if not varying else None


def _nchw(operation: Any) -> bool:
    return operation.type == "BiasAdd" and operation.get_attr("data_format") == b"NCHW"
