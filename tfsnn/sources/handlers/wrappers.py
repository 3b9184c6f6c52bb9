"""Handlers of wrappers, which hold another layer."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers

from tfsnn.layers import BoundedWeightNormalization
from tfsnn.network.nodes import Function, Recurrence
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.linear import KERNELS
from tfsnn.sources.handlers.masks import usable
from tfsnn.sources.handlers.places import at_all_places
from tfsnn.sources.handlers.recurrent import WITHOUT_NEURONS, body_of
from tfsnn.sources.handlers.registry import handles


@handles(layers.TimeDistributed)
def time_distributed(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate TimeDistributed: the layer inside, once for each step of the sequence.

    Steps of a sequence are not time steps of the simulation: each has its own nodes.
    Where there are many, the nodes of one act on all, or, where they compute functions
    and nothing spikes, one node goes through them.
    """
    x = inputs[0]
    assert builder.inner is not None
    if type(layer.layer) is layers.Dense:  # it acts on the last axis alone
        return builder.inner(layer.layer, [x])[0]
    mask = usable(builder.argument(2, "mask"), builder)
    if "mask" not in inspect.signature(layer.layer.call).parameters:
        mask = None
    length = builder.shape(x)[0]
    reads = [x] if mask is None else [x, mask]
    if length > WITHOUT_NEURONS and (found := _at_once(layer.layer, reads, builder)):
        return found
    parts = []
    for i in range(length):
        own = None if mask is None else _step(mask, i, builder)
        (y,) = builder.inner(layer.layer, [_step(x, i, builder)], own)
        parts.append(builder.reshape(y, (1, *builder.shape(y))))
    return parts[0] if length == 1 else builder.concatenate(parts, 0, "_steps")


def _at_once(layer: Any, reads: Sequence[str], builder: Builder) -> str | None:
    """Add nodes for all steps, or one for all if it computes functions without spikes.

    Returns:
        The node with the output; None if each step has to have its own nodes.
    """
    try:
        body, y, _ = body_of(_Each(layer), reads, [], builder)
    except Unsupported:  # of which more can be told where each step has its own nodes
        return None
    nodes = tuple(body.nodes.values())
    if any(node.spikes for node in nodes) and len(reads) == 1:
        sources = [node.name for node in nodes if not node.inputs]
        return at_all_places(body, dict(zip(sources, reads, strict=True)), y, builder)
    computes = any(isinstance(node, Function | Recurrence) for node in nodes)
    if not computes or any(node.spikes for node in nodes):
        return None
    shape = (builder.shape(reads[0])[0], *body.shape(y))
    return builder.add(Recurrence, reads, shape, nodes, (), str(y))


@dataclass(frozen=True)
class _Each:
    """What TimeDistributed does at one step: the layer inside, and no state.

    Attributes:
        layer: the layer.
    """

    layer: Any

    def __call__(
        self, reads: Sequence[str], states: Sequence[str], builder: Builder
    ) -> tuple[str, list[str]]:
        """Add the layer, of a step and perhaps its mask."""
        assert builder.inner is not None
        x, mask = reads[0], reads[1] if len(reads) > 1 else None
        (y,) = builder.inner(self.layer, [x], mask)
        return y, []


def _step(x: str, i: int, builder: Builder) -> str:
    """Add one step of a sequence."""
    row = builder.slice(x, 0, i, i + 1, "_step")
    return builder.reshape(row, builder.shape(row)[1:])


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
