"""Translation of NIR nodes to nodes of tfsnn, with channels last and thresholds 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfsnn.export.nir.read_neurons import neurons
from tfsnn.export.nir.read_spatial import as_bias, convolution, pooling
from tfsnn.export.nir.reader import (
    Head,
    Reader,
    ReadSignal,
    UnreadableError,
    from_first,
    numbers,
    whole_numbers,
)
from tfsnn.network.nodes import Affine, Linear, Readout, Reshape, Source

SPIKING = ("IF", "LIF", "CubaLIF")
INTEGRATORS = ("I", "LI", "CubaLI")  # neurons that do not spike
NO_SPIKES = (
    "integrates without spikes, and an output of tfsnn is the mean of what reaches it: "
    "connect the Output to what it reads"
)


def read(
    reader: Reader, name: str, content: Any, signals: Sequence[ReadSignal]
) -> ReadSignal:
    """Translate a NIR node, which reads the sum of these signals.

    Raises:
        UnreadableError: if the node has no counterpart in tfsnn.
    """
    kind = type(content).__name__
    if kind in INTEGRATORS:
        raise UnreadableError(NO_SPIKES)
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
    if kind in (*SPIKING, "Output"):  # the record has more about these, by NIR's name
        return RULES[kind](reader, own, content, signal, name)
    return RULES[kind](reader, own, content, signal)


def _input(reader: Reader, name: str, content: Any) -> ReadSignal:
    stated = whole_numbers(content.input_type["input"], "a shape", 1).tolist()
    if not stated:
        raise UnreadableError("has inputs without a shape")
    return reader.add(Source(name, (), (*stated[1:], stated[0])))


def _output(
    reader: Reader, name: str, content: Any, signal: ReadSignal, key: str
) -> ReadSignal:
    head = reader.heads.get(key, Head())
    signal = reader.in_order(signal)
    if head.scale is not None:
        counts = (signal.name,), signal.shape
        scale, offset = (np.asarray(n, np.float32) for n in (head.scale, head.offset))
        counted = Affine(f"{name}_counts", *counts, gain=scale, offset=offset)
        signal = reader.add(counted)
    reads = (signal.name,)
    return reader.add(Readout(name, reads, signal.shape, head.name, dict(head.options)))


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
        np.broadcast_to(from_first(content.scale, signal), signal.shape), np.float32
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
    "IF": neurons,
    "LIF": neurons,
    "CubaLIF": neurons,
}
