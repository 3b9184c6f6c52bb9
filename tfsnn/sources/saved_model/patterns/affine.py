"""Patterns of products and sums with constants: a gain and an offset per channel.

A batch normalisation, a rescaling and a normalisation of the input are such patterns
once their constants are folded; a gain or offset may also be one number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.registry import Composition, recognises
from tfsnn.sources.saved_model.translators.normalization import gain_and_offset

STEPS = ("AddV2", "Add", "Sub", "Mul", "RealDiv")


@dataclass(frozen=True)
class Affine:
    """``x * gain + offset``, with one element each, or one for each channel."""

    x: Any
    gain: np.ndarray
    offset: np.ndarray


@recognises(*STEPS)
def affine(operation: Any, network: Network) -> Composition | None:
    """Recognise the longest chain of products and sums with constants."""
    (output,) = operation.outputs
    if not output.dtype.is_floating:
        return None
    rank = output.shape.rank
    axis = rank - 1
    if rank == 4 and _is_channels_first(operation, network):
        axis = 1
    found = _step(output, axis, network)
    if found is None:
        return None
    label = operation.name
    while network.only_reader(found.x) and (before := _step(found.x, axis, network)):
        label = before_label(found.x, network)
        gain = found.gain * before.gain
        found = Affine(before.x, gain, found.gain * before.offset + found.offset)
    kind = output.dtype.as_numpy_dtype
    gain, offset = found.gain.astype(kind), found.offset.astype(kind)
    if not (np.isfinite(gain).all() and np.isfinite(offset).all()):
        return None
    if gain.size == offset.size == 1:
        return Composition([found.x], _rescaling(gain.item(), offset.item()), label)
    channels = max(gain.size, offset.size)
    if network.layout(output).units == () or rank < 2:
        return None
    pair = np.broadcast_to(gain, channels), np.broadcast_to(offset, channels)

    def emit(rebuild: Any, x: Any) -> Any:
        if axis == rank - 1:
            return gain_and_offset(rebuild, x, *pair)
        return rebuild.channels_first(
            gain_and_offset(rebuild, rebuild.channels_last(x), *pair)
        )

    return Composition([found.x], emit, label)


def before_label(tensor: Any, network: Network) -> str:
    """Return the name of the operation that a tensor comes from."""
    return network.source(tensor).op.name


def _rescaling(gain: float, offset: float) -> Any:
    def emit(rebuild: Any, x: Any) -> Any:
        return rebuild.pointwise(
            x, lambda y: rebuild.layer(layers.Rescaling, y, scale=gain, offset=offset)
        )

    return emit


def _is_channels_first(operation: Any, network: Network) -> bool:
    """Whether a constant argument varies along axis 1 of four, and there only."""
    return any(
        constant.ndim in (3, 4)
        and [i for i, n in enumerate(constant.shape[-3:]) if n != 1] == [0]
        for tensor in operation.inputs
        if (constant := network.constant(tensor)) is not None
    )


def _step(tensor: Any, axis: int, network: Network) -> Affine | None:
    """Read one product, quotient, sum or difference with a constant."""
    tensor = network.source(tensor)
    if not network.is_live(tensor) or tensor.op.type not in STEPS:
        return None
    kind = tensor.op.type
    a, b = tensor.op.inputs
    x, given = (b, a) if network.constant(a) is not None else (a, b)
    value = network.constant(given)
    if value is None or not network.is_live(x) or x.shape != tensor.shape:
        return None
    constant = _per_channel(value, axis, tensor.shape)
    if constant is None:
        return None
    one, zero = np.ones(1), np.zeros(1)
    if kind in ("AddV2", "Add"):
        return Affine(x, one, constant)
    if kind == "Mul":
        return Affine(x, constant, zero)
    if kind == "Sub":
        return Affine(x, one, -constant) if x is a else Affine(x, -one, constant)
    with np.errstate(divide="ignore"):
        return Affine(x, 1.0 / constant, zero) if x is a else None


def _per_channel(value: np.ndarray, axis: int, shape: Any) -> np.ndarray | None:
    """Return a constant in float64, one element or one for each channel, else None."""
    if value.size == 1:
        return value.astype(np.float64).reshape(1)
    padded = (1,) * (len(shape) - value.ndim) + value.shape
    if [i for i, n in enumerate(padded) if n != 1] != [axis]:
        return None
    return value.astype(np.float64).ravel()
