"""The builder of a NIR graph, which adds nodes, edges, and gains where needed."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from tfsnn.export.nir.signals import DT, Signal, channels_first, moved
from tfsnn.export.nir.windows import explicit
from tfsnn.extras import require
from tfsnn.network.graph import Node

MOST_UNITS = 4096  # largest vector whose gain is written as a square matrix


class InexpressibleError(Exception):
    """NIR cannot express a node; the message goes on from "the node ..."."""


class Kernel(NamedTuple):
    """The kernel of a convolution, ``(*window, in, out)``, and how it is applied.

    Attributes:
        weights: of the kernel.
        bias: per output channel, or None.
        strides: per axis.
        dilation: per axis.
    """

    weights: np.ndarray
    bias: Any = None
    strides: tuple[int, ...] = (1, 1)
    dilation: tuple[int, ...] = (1, 1)


class Builder:
    """A NIR graph in the making.

    Attributes:
        nir: the package `nir`.
        pooling: how averages are written, "sum", "average" or "convolution".
        dt: the length of a step in seconds, for leaky neurons.
        nodes: NIR nodes by name.
        edges: pairs of names, from the node that sends to the node that reads.
        names: the NIR node that each node became, name by name.
        ends: names of the NIR nodes of inputs and outputs, by the nodes' own names.
    """

    def __init__(self, pooling: str = "sum", dt: float = DT) -> None:
        """Start with an empty graph."""
        self.nir = require("nir", "nir", "The NIR format")
        self.pooling, self.dt = pooling, dt
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.names: dict[str, str] = {}
        self.ends: dict[str, str] = {}

    def add(
        self, node: Node, content: Any, signal: Signal, suffix: str = "", name: str = ""
    ) -> str:
        """Add a NIR node that reads a signal's sources.

        Args:
            node: node for which the NIR node stands, or that needs it (with a suffix).
            content: the NIR node.
            signal: signal that the NIR node reads.
            suffix: end of the name.
            name: the name, in place of one made of the node's own.

        Returns:
            The name of the NIR node. It has letters, digits and underscores only, as
            it becomes a path in the file and an attribute in tools; and it begins with
            a number, as files are read in alphabetical order, and some tools (nirtorch)
            need nodes behind all that they read.
        """
        own = f"n{len(self.nodes):04}_{node.name}{suffix}"
        chosen = re.sub(r"\W", "_", name or own)
        self.nodes[chosen] = content
        self.edges += [(source, chosen) for source in signal.sources]
        if not suffix:
            self.names[node.name] = chosen
        return chosen

    def convolve(
        self,
        node: Node,
        signal: Signal,
        kernel: Kernel,
        suffix: str = "",
    ) -> str:
        """Add a convolution of a signal's sources, with zeros around them.

        Args:
            node, signal, suffix: as in :meth:`add`.
            kernel: the convolution; its weights have the signal's gain in them.

        Raises:
            InexpressibleError: if the window cannot be made square.
        """
        sizes = signal.inner[:-1]
        axes = len(sizes)
        strides, dilation = kernel.strides[:axes], kernel.dilation[:axes]
        pads = signal.pads or ((0, 0),) * axes
        window = explicit(kernel.weights, sizes, strides, dilation, pads)
        if window is None:
            places = " x ".join(map(str, kernel.weights.shape[:-2]))
            raise InexpressibleError(
                f"has a window of {places}, and the package nir reads square windows "
                "only, which this one cannot be made into: change the layer"
            )
        weight = np.moveaxis(window.kernel, (-1, -2), (0, 1))
        fields: dict[str, Any] = {
            "weight": np.ascontiguousarray(weight, np.float32),
            "groups": 1,
            "bias": as_bias(kernel.bias, kernel.weights.shape[-1]),
        }
        names = ("input_shape", "stride", "padding", "dilation")
        values = (sizes, strides, window.padding, window.dilation)
        one = axes == 1  # Conv1d takes numbers in place of pairs
        for key, pair in zip(names, values, strict=True):
            fields[key] = int(pair[0]) if one else tuple(int(n) for n in pair)
        content = (self.nir.Conv1d if one else self.nir.Conv2d)(**fields)
        return self.add(node, content, signal, suffix)

    def settled(
        self,
        signal: Signal,
        node: Node,
        *,
        in_order: bool = False,
        forced: bool = False,
        bias: Any = None,
        suffix: str = "_gain",
    ) -> Signal:
        """Apply a signal's gain, its zeros and a bias by a NIR node.

        Args:
            signal: the signal.
            node: node that needs it; the NIR node has its name with `suffix`.
            in_order: whether a vector is put in the order of tfsnn.
            forced: whether to add a NIR node in any case.
            bias: numbers per channel that are added to the signal, or None.
            suffix: end of the NIR node's name.

        Raises:
            InexpressibleError: if a vector is too long for a square matrix.
        """
        ordered = signal.order is None or not in_order
        if signal.is_plain and ordered and not forced and bias is None:
            return signal
        channels = signal.shape[-1]
        gain = signal.channel_gain.astype(np.float32)
        if len(signal.shape) > 1:
            axes = len(signal.shape) - 1
            kernel = np.diag(gain).reshape((1,) * axes + (channels, channels))
            name = self.convolve(node, signal, Kernel(kernel, bias), suffix)
            return Signal((name,), signal.shape)
        if channels > MOST_UNITS:
            raise InexpressibleError(
                f"needs a gain for each of {channels} units, a matrix of {channels} x "
                f"{channels} in NIR (limit {MOST_UNITS}): use one scale for the layer"
            )
        weight = np.diag(gain)
        if signal.order is not None:
            weight = weight[:, signal.order]
        content = self.nir.Affine(weight=weight, bias=as_bias(bias, channels))
        return Signal((self.add(node, content, signal, suffix),), signal.shape)

    def flattened(self, node: Node, signal: Signal, suffix: str = "") -> Signal:
        """Flatten a signal to a vector."""
        if signal.pads is not None:
            signal = self.settled(signal, node, suffix="_pad")
        content = self.nir.Flatten(
            input_type={"input": np.array(channels_first(signal.shape))},
            start_dim=0,  # a sample has no batch axis in NIR
            end_dim=-1,
        )
        name = self.add(node, content, signal, suffix)
        return Signal((name,), signal.shape, signal.gain).flattened()


def as_bias(bias: Any, channels: int) -> np.ndarray:
    """Return a bias per channel, zeros for None: NIR has no node without a bias."""
    return np.array(np.broadcast_to(0.0 if bias is None else bias, channels), "f4")


def by_unit(values: Any, signal: Signal) -> np.ndarray:
    """Broadcast an array to the signal's shape, with the units in NIR's order."""
    full = np.broadcast_to(values, signal.shape)
    if signal.order is not None:
        full = full[signal.order]
    return np.ascontiguousarray(moved(full), np.float32)
