"""Handlers of layers of windows that share no weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.layers.locally_connected import LocallyConnected1D, LocallyConnected2D
from tfsnn.network.nodes import Linear
from tfsnn.sources.handlers.activation import activate
from tfsnn.sources.handlers.builder import Builder
from tfsnn.sources.handlers.registry import handles

MOST = 2**24  # weights of one dense matrix, zeros included


@handles(LocallyConnected1D, LocallyConnected2D)
def locally_connected(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate LocallyConnected: a dense node, of a large layer one for each place."""
    blocks = np.asarray(layer.blocks())  # (P, reads, filters)
    places, reads, filters = blocks.shape
    shape = layer.compute_output_shape((None, *builder.shape(inputs[0])))[1:]
    size = math.prod(builder.shape(inputs[0]))
    bias = None if layer.bias is None else np.asarray(layer.bias).ravel()
    flat = builder.reshape(inputs[0], (size,), "_flat")
    if size * places * filters <= MOST:
        kernel: Any = np.zeros((size, places, filters), np.float32)
        np.add.at(kernel, (layer.places(), np.arange(places)[:, None]), blocks)
        kernel = kernel.reshape(size, -1)
        y = builder.add(
            Linear, (flat,), (places * filters,), "dense", kernel=kernel, bias=bias
        )
    else:
        windows = builder.take(flat, 0, layer.places().ravel(), "_windows")
        y = builder.add(
            Linear,
            (builder.reshape(windows, (1, places * reads)),),
            (1, places * filters),
            "conv",
            kernel=blocks.transpose(1, 0, 2).reshape(1, reads, -1),
            bias=bias,
            strides=(1,),
            dilation=(1,),
            groups=places,
        )
    return activate(layer.activation, builder.reshape(y, shape), builder)
