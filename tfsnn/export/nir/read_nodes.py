"""Translation of NIR nodes to nodes of tfsnn, with channels last and thresholds 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfsnn.export.nir.read_spatial import as_bias, convolution, pooling
from tfsnn.export.nir.reader import (
    Reader,
    ReadSignal,
    UnreadableError,
    numbers,
    whole_numbers,
)
from tfsnn.network.nodes import Affine, Linear, Readout, Reshape, Source, Spiking

# Where a spike needs v > v_threshold, currents are made smaller by this factor, so that
# a potential equal to the threshold stays below it, and one above by more does not.
BELOW = np.float32(1 - 2**-22)


def read(
    reader: Reader, name: str, content: Any, signals: Sequence[ReadSignal]
) -> ReadSignal:
    """Translate a NIR node, which reads the sum of these signals.

    Raises:
        UnreadableError: if the node has no counterpart in tfsnn.
    """
    kind = type(content).__name__
    if kind not in RULES:
        raise UnreadableError(
            f"cannot be read, as only {', '.join(RULES)} can: replace it by these"
        )
    own = reader.names.get(name, name)
    if kind == "Input":
        return _input(reader, own, content)
    if not signals:
        raise UnreadableError("reads nothing: connect it, or take it out")
    signal = reader.sum(own, signals)
    if kind in ("IF", "Output"):  # the record has more about these, by NIR's name
        return RULES[kind](reader, own, content, signal, name)
    return RULES[kind](reader, own, content, signal)


def _from_first(values: Any, signal: ReadSignal) -> np.ndarray:
    """Put NIR's parameters per unit into the shape and order of the signal."""
    values = np.asarray(numbers(values, "parameters"), np.float32)
    if values.size == 1:
        return values.reshape(())
    nir_shape = (signal.shape[-1], *signal.shape[:-1])
    if values.shape != nir_shape:
        raise UnreadableError(
            f"has parameters of shape {values.shape}, and reads {nir_shape}: give one "
            "per unit, or one in all"
        )
    if signal.order is not None:
        ordered = np.empty_like(values)
        ordered[signal.order] = values
        values = ordered
    return np.moveaxis(values, 0, -1)


def _input(reader: Reader, name: str, content: Any) -> ReadSignal:
    stated = whole_numbers(content.input_type["input"], "a shape", 1).tolist()
    if not stated:
        raise UnreadableError("has inputs without a shape")
    return reader.add(Source(name, (), (*stated[1:], stated[0])))


def _output(
    reader: Reader, name: str, content: Any, signal: ReadSignal, key: str
) -> ReadSignal:
    head, options = reader.heads.get(key, ("linear", {}))
    signal = reader.in_order(signal)
    return reader.add(Readout(name, (signal.name,), signal.shape, head, options))


def _affine(reader: Reader, name: str, content: Any, signal: ReadSignal) -> ReadSignal:
    weight = np.asarray(numbers(content.weight, "weights"), np.float32)
    if weight.ndim != 2 or signal.shape != weight.shape[1:]:
        raise UnreadableError(
            f"has weights of shape {weight.shape}, and reads {signal.shape}: a Flatten "
            "may be missing in front"
        )
    kernel = weight.T
    if signal.order is not None:
        kernel = np.empty_like(weight.T)
        kernel[signal.order] = weight.T
    bias = as_bias(getattr(content, "bias", None), len(weight))
    shape = (len(weight),)
    return reader.add(
        Linear(name, (signal.name,), shape, "dense", kernel=kernel, bias=bias)
    )


def _scale(reader: Reader, name: str, content: Any, signal: ReadSignal) -> ReadSignal:
    gain = np.array(
        np.broadcast_to(_from_first(content.scale, signal), signal.shape), np.float32
    )
    return reader.add(
        Affine(name, (signal.name,), signal.shape, gain=gain), signal.order
    )


def _flatten(reader: Reader, name: str, content: Any, signal: ReadSignal) -> ReadSignal:
    rank = len(signal.shape)
    ends = (content.start_dim, content.end_dim)
    start, end = (int(whole_numbers(n, "an axis", -rank)[0]) for n in ends)
    if rank == 1:
        return signal
    # Tools disagree whether axis 0 is the batch, so a start at 1 may mean all axes.
    if start not in (0, 1) or end not in (-1, rank - 1, rank):
        raise UnreadableError(
            f"flattens axes {start} to {end} of {rank}; only flattening all of them "
            "can be read: set start_dim=0, end_dim=-1"
        )
    count = int(np.prod(signal.shape))
    order = np.moveaxis(np.arange(count).reshape(signal.shape), -1, 0).ravel()
    natural = np.array_equal(order, np.arange(count))
    node = Reshape(name, (signal.name,), (count,))
    return reader.add(node, None if natural else order)


def _neurons(
    reader: Reader, name: str, content: Any, signal: ReadSignal, key: str
) -> ReadSignal:
    level = _from_first(content.v_threshold, signal)
    floor = getattr(content, "v_reset", None)
    floor = np.zeros_like(level) if floor is None else _from_first(floor, signal)
    if reader.reset == "subtract" and floor.any():
        raise UnreadableError(
            "resets to a potential other than 0, which a reset by subtraction does not "
            "have: take --reset zero (reset='zero')"
        )
    height = level - floor
    if (height <= 0).any():
        raise UnreadableError(
            "has a threshold that is not above its reset potential, so it would spike "
            "for ever: raise v_threshold, or lower v_reset"
        )
    gain = _from_first(content.r, signal) / height
    gain = gain * BELOW if reader.strict else gain
    if np.any(gain != 1):
        gain = np.array(np.broadcast_to(gain, signal.shape), np.float32)
        drive = Affine(f"{name}_drive", (signal.name,), signal.shape, gain=gain)
        signal = reader.add(drive, signal.order)
    start = np.asarray(-floor / height, np.float32)
    node = Spiking(
        name,
        (signal.name,),
        signal.shape,
        scale=np.asarray(reader.scales.get(key, np.ones(1)), np.float32),
        max_coefficient=1.0,
        initial_potential=start if start.any() else 0.0,
        settings={"reset": "zero"} if reader.reset == "zero" else {},
    )
    return reader.add(node, signal.order)


RULES: dict[str, Callable[..., ReadSignal]] = {
    "Input": _input,
    "Output": _output,
    "Affine": _affine,
    "Linear": _affine,
    "Conv1d": convolution,
    "Conv2d": convolution,
    "SumPool2d": pooling,
    "AvgPool2d": pooling,
    "Scale": _scale,
    "Flatten": _flatten,
    "IF": _neurons,
}
