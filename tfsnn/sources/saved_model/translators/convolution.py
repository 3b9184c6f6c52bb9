"""Translators of convolutions, with padding and bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.saved_model.convolution import (
    FORWARD,
    TRANSPOSED,
    Convolution,
    read_convolution,
)
from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused

KINDS: dict[str, tuple[type | None, ...]] = {
    "conv": (layers.Conv1D, layers.Conv2D, layers.Conv3D),
    "depthwise": (layers.DepthwiseConv1D, layers.DepthwiseConv2D, None),
    "transposed": (
        layers.Conv1DTranspose,
        layers.Conv2DTranspose,
        layers.Conv3DTranspose,
    ),
}
PADDINGS = (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
CROPPINGS = (layers.Cropping1D, layers.Cropping2D, layers.Cropping3D)


@translates(*FORWARD, *TRANSPOSED)
def convolution(operation: Any, rebuild: Rebuild) -> Any:
    """Translate a convolution; a bias behind it becomes its own."""
    found = read_convolution(operation.outputs[0], rebuild.network)
    if found is None:
        raise Refused(
            "its kernel is computed from the input; only constant kernels are "
            "supported: export the model with fixed weights"
        )
    return emit_convolution(rebuild, found, rebuild[found.x], None)


@translates("SpaceToBatchND", "BatchToSpaceND")
def interleaving(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the dilation of a convolution; other interleaving is refused."""
    raise Refused(
        "it is supported only around a convolution of stride 1, as its dilation: write "
        "the convolution with dilations, or reshape and transpose instead"
    )


def emit_convolution(
    rebuild: Rebuild, found: Convolution, x: Any, bias: np.ndarray | None
) -> Any:
    """Make the layer for a convolution, and a padding layer where it needs one.

    Raises:
        Refused: if Keras has no layer for it.
    """
    kind = KINDS[found.kind][found.dimensions - 1]
    if kind is None:
        raise Refused(
            "Keras has no depthwise convolution of three dimensions: use a grouped "
            "Conv3D"
        )
    if max(found.strides) > 1 and max(found.dilations) > 1:
        return _strided(rebuild, found, x, bias)
    if found.channels_first:
        x = rebuild.channels_last(x)
    each_row = rebuild.layout(found.x).rows > 1
    transposed = found.kind == "transposed"
    if np.any(found.pads) and not transposed:
        x = around(rebuild, PADDINGS, x, found.pads, each_row)
    weights = [found.kernel] if bias is None else [found.kernel, bias]
    y = rebuild.weighted(
        kind,
        x,
        weights,
        each_row=each_row,
        kernel_size=found.kernel.shape[: found.dimensions],
        strides=found.strides,
        padding=found.padding.lower(),
        dilation_rate=found.dilations,
        use_bias=bias is not None,
        **_arguments(found, int(x.shape[-1]), x.shape[2 if each_row else 1 : -1]),
    )
    if np.any(found.pads) and transposed:
        y = around(rebuild, CROPPINGS, y, found.pads, each_row)
    return rebuild.channels_first(y) if found.channels_first else y


def _strided(
    rebuild: Rebuild, found: Convolution, x: Any, bias: np.ndarray | None
) -> Any:
    """Make a convolution with strides and dilations, of which Keras allows only one.

    Raises:
        Refused: if the convolution is transposed.
    """
    if found.kind == "transposed" or rebuild.layout(found.x).rows > 1:
        raise Refused(
            f"strides={found.strides} with dilations={found.dilations}; Keras allows "
            "only one of them above 1 here: change the layer"
        )
    pads = list(found.pads)
    if found.padding == "SAME":
        sizes = rebuild.layout(found.x).shape[1 if found.channels_first else 0 :]
        for i, (size, step) in enumerate(zip(sizes, found.strides, strict=False)):
            window = (found.kernel.shape[i] - 1) * found.dilations[i] + 1
            more = max((found.output[i] - 1) * step + window - size, 0)
            pads[i] = (more // 2, more - more // 2)
    ones = (1,) * found.dimensions
    whole = replace(found, strides=ones, padding="VALID", pads=tuple(pads))
    y = emit_convolution(rebuild, whole, x, bias)
    steps = [slice(None, None, step) for step in found.strides]
    if found.channels_first:
        y = rebuild.channels_last(y)
    y = rebuild.raw(lambda z: z[(slice(None), *steps)], y)
    return rebuild.channels_first(y) if found.channels_first else y


def _arguments(found: Convolution, channels: int, sizes: Sequence[int]) -> dict:
    if found.kind == "depthwise":
        return {
            "depth_multiplier": found.kernel.shape[-1],
            "depthwise_initializer": "zeros",
        }
    if found.kind == "conv":
        return {
            "filters": found.kernel.shape[-1],
            "groups": channels // found.kernel.shape[-2],
            "kernel_initializer": "zeros",
        }
    return {
        "filters": found.kernel.shape[-2],
        "output_padding": _output_padding(found, sizes),
        "kernel_initializer": "zeros",
    }


def _output_padding(found: Convolution, sizes: Sequence[int]) -> tuple[int, ...] | None:
    """Find the output padding that gives a transposed convolution the graph's size.

    Returns None where Keras finds this size by itself.
    """
    wanted, plain, base = [], [], []
    for i, size in enumerate(sizes):
        window = (found.kernel.shape[i] - 1) * found.dilations[i] + 1
        stride = found.strides[i]
        wanted.append(found.output[i] + sum(found.pads[i]))
        if found.padding == "SAME":
            plain.append(size * stride)
            base.append((size - 1) * stride + window - 2 * (window // 2))
        else:
            plain.append(size * stride + max(window - stride, 0))
            base.append((size - 1) * stride + window)
    if wanted == plain:
        return None
    more = tuple(a - b for a, b in zip(wanted, base, strict=True))
    if any(n < 0 or n >= s for n, s in zip(more, found.strides, strict=True)):
        raise Refused(
            f"a transposed convolution from {tuple(sizes)} to {found.output} with "
            f"strides {found.strides}; Keras has no layer of these sizes: change the "
            "layer's padding or size"
        )
    return more


def around(
    rebuild: Rebuild,
    kinds: Sequence[type],
    x: Any,
    pads: Sequence[tuple[int, int]],
    each_row: bool = False,
) -> Any:
    """Pad the spatial axes with zeros, or crop them, by one of `kinds`."""
    pairs = tuple((int(a), int(b)) for a, b in pads)
    name = "padding" if kinds is PADDINGS else "cropping"
    given = {name: pairs[0] if len(pairs) == 1 else pairs}
    return rebuild.weighted(kinds[len(pairs) - 1], x, [], each_row=each_row, **given)
