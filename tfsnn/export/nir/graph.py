"""Translation of a spiking graph in normal form to a NIR graph that computes the same.

NIR (Neuromorphic Intermediate Representation: Pedersen et al., Nature Communications
15:8122, 2024; the package `nir`) has channels first, no batch and no time axis, and
nodes that sum the edges they read. What has no NIR node is expressed by others:

- a dense layer on images becomes a convolution with windows of one place;
- groups and depthwise windows become zero weights between channels, as the type check
  of `nir` 1.0.8 refuses groups;
- unequal padding becomes zero weights (:mod:`tfsnn.export.nir.windows`);
- an average becomes a sum whose 1/k goes into the next weights;
- a flattened image has its values in another order: the next weights are permuted;
- a gain without weights behind it becomes a convolution with a diagonal kernel, or a
  `Scale` where it differs from place to place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tfsnn.export.nir.builder import (
    Builder,
    InexpressibleError,
    Kernel,
    as_bias,
    by_unit,
)
from tfsnn.export.nir.neurons import spiking
from tfsnn.export.nir.pooling import average, reduce
from tfsnn.export.nir.signals import DT, Signal, channels_first
from tfsnn.network.graph import Graph, Node
from tfsnn.network.nodes import (
    Affine,
    Average,
    Linear,
    Merge,
    Pad,
    Readout,
    Reduce,
    Reshape,
    Rounded,
    Source,
    Spiking,
)
from tfsnn.network.windows import same_pads

REASONS = {
    "StepMax": "is a max pooling, which NIR has no node for: use average pooling",
    "Max": "is a max pooling, which NIR has no node for: use average pooling in the "
    "ANN",
    "Function": "sends analog values (a running sum), which NIR cannot express: use "
    "ReLU and average pooling in the ANN",
    "Constant": "is a constant of the model, which NIR has no node for: make it a bias "
    "in the ANN",
    "Lookup": "is an embedding, which NIR has no node for: export what follows it",
    "Transpose": "changes the order of axes, which NIR has no node for: change the "
    "data instead",
    "Slice": "takes a part of its input, which NIR has no node for: crop the data "
    "instead",
    "Take": "takes a part of its input, which NIR has no node for: change the data "
    "instead",
    "Resize": "interpolates, which NIR has no node for: use strides in the ANN",
}
WEIGHTED = (
    "reads steps that do not count alike, and in NIR all do: convert with a method of "
    "plain spikes (data_norm)"
)


class Translation(NamedTuple):
    """The NIR graph of a network, and the nodes that NIR cannot express.

    Attributes:
        builder: builder with the graph's nodes, edges and names.
        problems: node, kind and reason for each node that NIR cannot express.
    """

    builder: Builder
    problems: list[tuple[str, str, str]]


def translate(graph: Graph, pooling: str = "sum", dt: float = DT) -> Translation:
    """Translate a graph of NumPy arrays, and find all that NIR cannot express."""
    builder = Builder(pooling, dt)
    for kind, names in (("input", graph.inputs), ("output", graph.outputs)):
        several = len(names) > 1
        builder.ends |= {n: f"{kind}_{n}" if several else kind for n in names}
    signals: dict[str, Signal] = {}
    problems = []
    for node in graph:
        reads = [signals[name] for name in node.inputs]
        try:
            signals[node.name] = RULES.get(type(node), _refused)(node, builder, *reads)
        except InexpressibleError as error:
            problems.append((node.name, type(node).__name__, str(error)))
            signals[node.name] = Signal((), node.shape)  # goes on, to find all
    if not problems and (graph.clock.base > 1 or graph.clock.pre_steps):
        problems = [(name, "Readout", WEIGHTED) for name in graph.outputs]
    return Translation(builder, problems)


def _source(node: Source, builder: Builder) -> Signal:
    if node.whole:
        raise InexpressibleError(
            "takes integers (tokens), which NIR has no table for: export what follows "
            "the embedding"
        )
    shape = np.array(channels_first(node.shape))
    content = builder.nir.Input(input_type={"input": shape})
    name = builder.add(
        node, content, Signal((), node.shape), name=builder.ends[node.name]
    )
    return Signal((name,), node.shape)


def _rounded(node: Rounded, builder: Builder, signal: Signal) -> Signal:
    """Translate an input of integers: its scale goes into the next weights."""
    return signal.scaled(node.unit / node.step)


def _readout(node: Readout, builder: Builder, signal: Signal) -> Signal:
    if node.scale is not None:
        signal = signal.scaled(np.asarray(node.scale))
    signal = builder.settled(signal, node, in_order=True)
    shape = np.array(channels_first(signal.shape))
    content = builder.nir.Output(output_type={"output": shape})
    name = builder.add(node, content, signal, name=builder.ends[node.name])
    return Signal((name,), node.shape)


def _linear(node: Linear, builder: Builder, signal: Signal) -> Signal:
    if node.form == "transposed":
        raise InexpressibleError(
            "is a transposed convolution, which NIR has no node for: end the network "
            "before it"
        )
    if len(node.shape) > 3:
        raise InexpressibleError(
            "has windows over three axes, and NIR has Conv1d and Conv2d only: use "
            "windows over two"
        )
    scaled = node.scaled(signal.channel_gain, np.ones(node.shape[-1]))
    kernel = np.asarray(scaled.kernel, np.float32)
    if len(signal.shape) == 1:
        if signal.order is not None:
            kernel = kernel[signal.order]
        weight, bias = np.ascontiguousarray(kernel.T), as_bias(node.bias, *node.shape)
        content = builder.nir.Affine(weight=weight, bias=bias)
        return Signal((builder.add(node, content, signal),), node.shape)
    axes = len(signal.shape) - 1
    strides, dilation = node.strides or (1,) * axes, node.dilation or (1,) * axes
    if node.form == "dense":
        kernel = kernel.reshape((1,) * axes + kernel.shape)
    else:
        kernel = _without_groups(kernel, node, signal.shape[-1])
    if node.padding == "same" and node.form != "dense":
        window = kernel.shape[:-2]
        pads = same_pads(signal.shape[:-1], window, strides, dilation)
        signal = signal.padded(pads) if np.any(pads) else signal
    whole = Kernel(kernel, node.bias, strides, dilation)
    name = builder.convolve(node, signal, whole)
    return Signal((name,), node.shape)


def _without_groups(kernel: np.ndarray, node: Linear, channels: int) -> np.ndarray:
    """Return the kernel ``(*window, in, out)`` with zeros between groups."""
    if node.form == "conv" and node.groups == 1:
        return kernel
    if node.form == "depthwise":
        groups, out = channels, channels * kernel.shape[-1]
        kernel = kernel.reshape(*kernel.shape[:-2], 1, out)
    else:
        groups, out = node.groups, kernel.shape[-1]
    reads, sends = channels // groups, out // groups
    full = np.zeros((*kernel.shape[:-2], channels, out), np.float32)
    for g in range(groups):
        columns = slice(g * sends, (g + 1) * sends)
        full[..., g * reads : (g + 1) * reads, columns] = kernel[..., columns]
    return full


def _affine(node: Affine, builder: Builder, signal: Signal) -> Signal:
    gain, offset = np.asarray(node.gain), node.offset
    if max(gain.ndim, np.ndim(offset)) <= 1:
        signal = signal.scaled(gain)
        if offset is None:
            return signal
        return builder.settled(signal, node, bias=offset, suffix="")
    if offset is not None:
        raise InexpressibleError(
            "has an offset for each place, and NIR has biases per channel only: use "
            "one offset for each channel"
        )
    signal = builder.settled(signal, node)
    content = builder.nir.Scale(scale=by_unit(gain, signal))
    return Signal((builder.add(node, content, signal),), node.shape)


def _merge(node: Merge, builder: Builder, *signals: Signal) -> Signal:
    if node.form != "add":
        raise InexpressibleError(
            "is a concatenation, which NIR has no node for: make it a sum in the ANN, "
            "each part through weights of its own"
        )
    if node.repeats:
        raise InexpressibleError(
            "repeats a summand along an axis, which NIR cannot express: add tensors of "
            "equal shape in the ANN"
        )
    total, *others = signals
    for other in others:
        if not total.agrees_with(other):
            total = builder.settled(total, node, in_order=True)
            other = builder.settled(other, node, in_order=True)
        if set(total.sources) & set(other.sources):  # NIR has an edge only once
            other = builder.settled(other, node, in_order=True, forced=True)
        sources = total.sources + other.sources
        total = Signal(sources, node.shape, total.gain, total.order)
    return total


def _reshape(node: Reshape, builder: Builder, signal: Signal) -> Signal:
    if signal.shape == node.shape:
        return signal
    if len(node.shape) != 1:
        raise InexpressibleError(
            f"reshapes {signal.shape} to {node.shape}, and NIR can only flatten: end "
            "the network before it, or leave it out of the ANN"
        )
    return builder.flattened(node, signal)


def _pad(node: Pad, builder: Builder, signal: Signal) -> Signal:
    if node.mode != "constant" or any(node.amounts[-1]) or not 1 < len(node.shape) < 4:
        raise InexpressibleError(
            "pads with other values than zeros, or not an image, which NIR cannot "
            "express: use ZeroPadding"
        )
    return signal.padded(tuple((a, b) for a, b in node.amounts[:-1]))


def _refused(node: Node, builder: Builder, *signals: Signal) -> Signal:
    kind = type(node).__name__
    raise InexpressibleError(
        REASONS.get(kind, f"is a {kind}, which NIR has no node for: change the ANN")
    )


RULES: dict[type[Node], Callable[..., Signal]] = {
    Source: _source,
    Rounded: _rounded,
    Linear: _linear,
    Affine: _affine,
    Merge: _merge,
    Average: average,
    Reduce: reduce,
    Reshape: _reshape,
    Pad: _pad,
    Spiking: spiking,
    Readout: _readout,
}
