"""What is quantised in a network that is trained before conversion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from tfsnn.layers.qcfs import QCFS
from tfsnn.network.nodes import Function, Rate, Recurrence
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model


@dataclass(frozen=True)
class QuantisedLayer:
    """An activation of L levels.

    Attributes:
        name: the layer's name.
        levels: L.
        thresholds: how many it has, one or one for each channel.
        lowest, highest: the smallest and the largest of them, activation units.
    """

    name: str
    levels: int
    thresholds: int
    lowest: float
    highest: float

    def __str__(self) -> str:
        """Return a line."""
        if self.thresholds == 1:
            return f"{self.name}: threshold {self.highest:.4g}"
        return (
            f"{self.name}: {self.thresholds} thresholds, {self.lowest:.4g} to "
            f"{self.highest:.4g}"
        )


@dataclass(frozen=True)
class Quantisation:
    """The activations of a network: those of L levels, and those left as they are.

    Attributes:
        layers: the quantised ones, in the order of the network.
        left: names of the layers whose activations have no levels.
    """

    layers: tuple[QuantisedLayer, ...]
    left: tuple[str, ...]

    def __str__(self) -> str:
        """Return a line for each layer."""
        levels = " or ".join(
            str(n) for n in sorted({one.levels for one in self.layers})
        )
        lines = [f"activations of {levels or 'no'} levels: {len(self.layers)}"]
        lines += [f"  {layer}" for layer in self.layers]
        if self.left:
            lines.append(
                f"left as they are: {', '.join(self.left)} (no ReLU, or inside of a "
                "layer: conversion finds their thresholds by calibration, or sends "
                "running sums)"
            )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {"layers": [asdict(one) for one in self.layers], "left": [*self.left]}


def quantisation(model: keras.Model) -> Quantisation:
    """Tell which activations of a network have levels, and which do not.

    Args:
        model: a network from :func:`tfsnn.training.quantised`, or any with
            :class:`tfsnn.layers.QCFS`.

    Raises:
        ModelError: for a model that cannot be converted; UnsupportedError names layers.
    """
    layers = []
    for layer in dict.fromkeys(_layers(model)):
        values = np.asarray(layer.threshold)
        layers.append(
            QuantisedLayer(
                layer.name,
                layer.levels,
                values.size,
                float(values.min()),
                float(values.max()),
            )
        )
    graph = simplify(import_model(model))
    left = [
        node.layer
        for node in graph.of_kind(Function, Recurrence, Rate)
        if getattr(node, "rounding", None) is None
    ]
    return Quantisation(tuple(layers), tuple(dict.fromkeys(left)))


def _layers(model: Any) -> Iterator[QCFS]:
    """Yield the quantised activations, also those of networks inside."""
    for layer in model.layers:
        if isinstance(layer, QCFS):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from _layers(layer)
