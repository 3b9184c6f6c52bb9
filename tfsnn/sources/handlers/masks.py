"""Masks, which say of each place of a sequence whether it counts.

Masking and Embedding (``mask_zero``) compute one from what they read, layers pass it on
beside the values (:mod:`tfsnn.sources.keras_model.masks`), and some use it: recurrent
layers, attention, average pooling, TimeDistributed. Here it is a signal like any other,
of 1 and 0. It is a function of inputs, which do not change over time, so it is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.layers import MeanOverTime
from tfsnn.network.nodes import Function
from tfsnn.sources.handlers.builder import Builder, Signal, UnknownMask, Unsupported
from tfsnn.sources.handlers.registry import handles

# Functions of one signal that are exact of what neurons have computed exactly.
EXACT = ("amax", "amin", "every", "logical_not", "some")

ELEMENTWISE = (
    layers.Add,
    layers.Subtract,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
)


def usable(mask: Any, builder: Builder) -> Signal | None:
    """Return a mask that a layer uses, if there is one.

    Raises:
        Unsupported: if it is not known, or computed from what neurons send.
    """
    if mask is None:
        return None
    if isinstance(mask, UnknownMask):
        raise Unsupported(mask.reason)
    waiting, seen = [str(mask)], set()
    while waiting:
        name = waiting.pop()
        node = builder.nodes[name]
        smooth = isinstance(node, Function) and node.op not in EXACT
        if node.spikes or (smooth and len(node.inputs) == 1):
            raise Unsupported(
                f"its mask depends on the activations of {node.layer}, which spiking "
                "neurons only come near, step by step: compute the mask from an input "
                "of the model (Masking, or an Embedding with mask_zero, in front of "
                "all activations), or make it an input"
            )
        seen.add(name)
        waiting += [each for each in node.inputs if each not in seen]
    return mask


def given_mask(builder: Builder, position: int) -> Signal | None:
    """Return the mask ``(L,)`` of the present layer's call, if there is one.

    Raises:
        Unsupported: if it cannot be used, or has other axes.
    """
    mask = usable(builder.argument(position, "mask"), builder)
    if mask is not None and len(builder.shape(mask)) != 1:
        raise Unsupported(
            f"its mask has the shape {builder.shape(mask)}: give one value for each "
            "place of the sequence"
        )
    return mask


@handles(layers.Masking)
def masking(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Masking: 0 for each place of which all values are `mask_value`."""
    if layer.mask_value == 0:
        return builder.drop(inputs, "what it masks is 0 already")
    (x,) = inputs
    *places, _ = builder.shape(x)
    kept = builder.reshape(masked_places(layer, x, builder), (*places, 1))
    usable(kept, builder)
    zeros = builder.constant(np.zeros((1,) * len(builder.shape(x))))
    return builder.function("where", (kept, x, zeros))


def masked_places(layer: Any, x: str, builder: Builder) -> Signal:
    """Add the mask of Masking: whether any value of a place is not `mask_value`."""
    differs = _differs(x, layer.mask_value, builder)
    axis = len(builder.shape(x)) - 1
    return builder.reduce(differs, "amax", (axis,), keepdims=False)


def masked_mean(x: str, mask: str, builder: Builder) -> Signal:
    """Add the mean of ``(L, C)`` over the places that a mask ``(L,)`` keeps."""
    length, channels = builder.shape(x)
    count = builder.reduce(mask, "sum", (0,), keepdims=True)
    weights = builder.function("divide", (mask, count), (length,), "_weights")
    shape = (channels,)
    return builder.function("einsum", (weights, x), shape, equation="at,atc->ac")


def output_masks(layer: Any, first: Any, before: Any, builder: Builder) -> list[Any]:
    """Return the masks that a layer puts beside its outputs, as Keras would.

    Args:
        layer: a layer that supports masking.
        first: the first argument of its call.
        before: the mask of that argument, arranged as it is.
        builder: the graph in the making.
    """
    kind = type(layer)
    if kind.compute_mask is layers.Layer.compute_mask:
        return before if isinstance(before, list) else [before]
    if isinstance(layer, MeanOverTime):
        return [None]
    if isinstance(layer, layers.Masking):
        return [masked_places(layer, first, builder)]
    if isinstance(layer, layers.Embedding):
        return [_differs(first, 0, builder) if layer.mask_zero else None]
    if isinstance(layer, layers.RNN):
        mask = before[0] if isinstance(before, list) else before
        return [mask if layer.return_sequences else None]
    if isinstance(layer, layers.Bidirectional):
        mask = before[0] if isinstance(before, list) else before
        mask = mask if layer.return_sequences else None
        return [mask] if layer.merge_mode else [mask, mask]
    if isinstance(layer, layers.Attention):
        return [before[0] if before else None]
    if isinstance(layer, layers.Concatenate):
        return [_concatenated(layer, first, before, builder)]
    if isinstance(layer, ELEMENTWISE):
        return [_any_of(before, builder)]
    if isinstance(layer, layers.Dot | layers.GlobalAveragePooling1D):
        return [None]
    reason = (
        f"its mask comes from {layer.name}, whose class {kind.__name__} computes it in "
        "Python code: give the mask as an argument of the call, an input of the model"
    )
    return [UnknownMask(reason)]


def _differs(x: str, value: float, builder: Builder) -> Signal:
    """Add whether values are not equal to a number."""
    other = builder.constant(np.full((1,) * len(builder.shape(x)), value))
    return builder.function("not_equal", (x, other), suffix="_mask")


def _any_of(masks: Sequence[Any], builder: Builder) -> Any:
    """Return where any of these masks keeps a place; None where one is missing."""
    if not masks or any(mask is None for mask in masks):
        return None
    if unknown := [mask for mask in masks if isinstance(mask, UnknownMask)]:
        return unknown[0]
    found = masks[0]
    for mask in masks[1:]:
        if mask != found:
            found = builder.function("logical_or", (found, mask), suffix="_mask")
    return found


def _concatenated(
    layer: Any, inputs: Sequence[str], masks: Sequence[Any], builder: Builder
) -> Any:
    """Return the mask of a concatenation; without a mask a place counts."""
    if not masks or all(mask is None for mask in masks):
        return None
    if unknown := [mask for mask in masks if isinstance(mask, UnknownMask)]:
        return unknown[0]
    shapes = [builder.shape(x) for x in inputs]
    axis = builder.axis(layer.axis, len(shapes[0]))
    if any(
        mask is not None and builder.shape(mask) != shape[:-1]
        for mask, shape in zip(masks, shapes, strict=True)
    ):
        return UnknownMask(
            f"its mask comes from {layer.name}, which joins masks of other axes than "
            "all but the last of its inputs: give it as an input of the model"
        )
    if axis == len(shapes[0]) - 1:
        # A place counts if any of its values does.
        kept = [m for m in masks if m is not None]
        if len(kept) < len(masks):
            return builder.constant(np.ones(shapes[0][:-1]))
        return _any_of(kept, builder)
    whole = [
        builder.constant(np.ones(shape[:-1])) if mask is None else mask
        for mask, shape in zip(masks, shapes, strict=True)
    ]
    return builder.concatenate(whole, axis, "_mask")
