"""Reading convolutions from the graph; translators make layers of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfsnn.sources.saved_model.frozen_graph import Network

FORWARD = ("Conv2D", "DepthwiseConv2dNative", "Conv3D")
# Operations that have no other order than channels last.
WITHOUT_ORDER = ("MaxPoolWithArgmax",)
TRANSPOSED = ("Conv2DBackpropInput", "Conv3DBackpropInputV2")
Pads = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Convolution:
    """A convolution of one to three dimensions with a constant kernel.

    Attributes:
        kind: "conv", "depthwise" or "transposed".
        label: name of the operation.
        x: the graph's tensor that it reads.
        kernel: weights ``(*window, in, out)``; ``(*window, out, in)`` if transposed.
        strides: stride of each dimension.
        dilations: dilation of each dimension.
        padding: "SAME" or "VALID".
        pads: zeros put around the input before that (cut off, if transposed).
        channels_first: whether the data has its channels first.
        output: size of each dimension of the output.
    """

    kind: str
    label: str
    x: Any
    kernel: np.ndarray
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: str
    pads: Pads
    channels_first: bool
    output: tuple[int, ...]

    @property
    def dimensions(self) -> int:
        """The number of spatial dimensions: 1, 2 or 3."""
        return self.kernel.ndim - 2


def read_convolution(tensor: Any, network: Network) -> Convolution | None:
    """Read the convolution that ends in this tensor, in one operation or several."""
    tensor = network.source(tensor)
    if not network.is_live(tensor):
        return None
    operation = tensor.op
    if operation.type in FORWARD + TRANSPOSED:
        return _single(operation, network)
    if operation.type in ("Squeeze", "Reshape"):
        return _squeezed(operation, network)
    if operation.type == "BatchToSpaceND":
        return _dilated(operation, network)
    return None


def data_order(operation: Any) -> tuple[bool, list[int]]:
    """Return whether channels come first, and the indices of the spatial axes."""
    first = operation.type not in WITHOUT_ORDER and (
        operation.get_attr("data_format") in (b"NCHW", b"NCDHW")
    )
    rank = operation.outputs[0].shape.rank
    return first, list(range(2, rank) if first else range(1, rank - 1))


def _single(operation: Any, network: Network) -> Convolution | None:
    kernel = network.constant(operation.inputs[1])
    if kernel is None:
        return None
    first, axes = data_order(operation)
    transposed = operation.type in TRANSPOSED
    depthwise = operation.type == "DepthwiseConv2dNative"
    padding = operation.get_attr("padding").decode()
    pads = ((0, 0),) * len(axes)
    if padding == "EXPLICIT":
        stated = operation.get_attr("explicit_paddings")
        pads = tuple((stated[2 * axis], stated[2 * axis + 1]) for axis in axes)
        padding = "VALID"
    sizes = operation.outputs[0].shape.as_list()
    strides, dilations = (operation.get_attr(name) for name in ("strides", "dilations"))
    return Convolution(
        kind="transposed" if transposed else "depthwise" if depthwise else "conv",
        label=operation.name,
        x=operation.inputs[2 if transposed else 0],
        kernel=kernel,
        strides=tuple(strides[axis] for axis in axes),
        dilations=tuple(dilations[axis] for axis in axes),
        padding=padding,
        pads=pads,
        channels_first=first,
        output=tuple(sizes[axis] for axis in axes),
    )


def _squeezed(operation: Any, network: Network) -> Convolution | None:
    """Read a 1D convolution, written as a 2D one between ExpandDims and Squeeze."""
    inner = network.source(operation.inputs[0])
    if not network.is_live(inner) or inner.op.type not in FORWARD + TRANSPOSED:
        return None
    found = _single(inner.op, network)
    if found is None or found.dimensions != 2:
        return None
    grown = network.source(found.x)
    if not network.is_live(grown) or grown.op.type not in ("ExpandDims", "Reshape"):
        return None
    x = network.source(grown.op.inputs[0])
    _, axes = data_order(inner.op)
    for unused in (0, 1):
        axis = axes[unused]
        plain = found.kernel.shape[unused] == found.output[unused] == 1
        if (
            plain
            and found.pads[unused] == (0, 0)
            and _without(grown, axis) == x.shape.as_list()
            and _without(inner, axis) == operation.outputs[0].shape.as_list()
        ):
            return replace(
                found,
                x=x,
                kernel=found.kernel.squeeze(unused),
                strides=(found.strides[1 - unused],),
                dilations=(found.dilations[1 - unused],),
                pads=(found.pads[1 - unused],),
                output=(found.output[1 - unused],),
            )
    return None


def _without(tensor: Any, axis: int) -> list[int]:
    sizes = tensor.shape.as_list()
    return sizes[:axis] + sizes[axis + 1 :] if sizes[axis] == 1 else []


def _dilated(operation: Any, network: Network) -> Convolution | None:
    """Read a dilated convolution, written as a plain one on interleaved parts.

    SpaceToBatchND pads the pixels and deals them out, BatchToSpaceND puts them together
    and crops; for a stride of 1, cropping the output equals padding less.
    """
    found = read_convolution(operation.inputs[0], network)
    if found is None or found.kind == "transposed":
        return None
    before = network.source(found.x).op
    if before.type != "SpaceToBatchND" or found.padding != "VALID":
        return None
    arguments = (*before.inputs[1:], *operation.inputs[1:])
    block, pads, after, crops = (network.constant(t) for t in arguments)
    if block is None or pads is None or after is None or crops is None:
        return None
    plain = set(found.strides + found.dilations) == {1} and not np.any(found.pads)
    if not plain or not np.array_equal(block, after) or found.channels_first:
        return None
    if len(block) != found.dimensions or (pads < crops).any():
        return None
    pairs = tuple((int(a), int(b)) for a, b in pads - crops)
    window = found.kernel.shape[: found.dimensions]
    same = tuple(
        ((size - 1) * int(n) // 2, (size - 1) * int(n) - (size - 1) * int(n) // 2)
        for size, n in zip(window, block, strict=True)
    )
    rank = operation.outputs[0].shape.rank
    sizes = operation.outputs[0].shape.as_list()[1 : rank - 1]
    return replace(
        found,
        x=before.inputs[0],
        dilations=tuple(int(n) for n in block),
        padding="SAME" if pairs == same else "VALID",
        pads=((0, 0),) * len(pairs) if pairs == same else pairs,
        output=tuple(sizes),
    )
