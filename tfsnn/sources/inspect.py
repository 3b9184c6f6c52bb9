"""Inspection: what would become of each layer of a model, told without data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras

from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.network.graph import Graph
from tfsnn.network.node import Node
from tfsnn.network.nodes import StepMax
from tfsnn.network.operations import operations, shares
from tfsnn.network.passes import simplify
from tfsnn.network.pixels import scaled_inside
from tfsnn.network.roles import constant_nodes, spiking_nodes
from tfsnn.sources import import_model
from tfsnn.sources.keras_model.over_time import has_spiking_layers, import_layers
from tfsnn_numpy.results import table


@dataclass(frozen=True)
class LayerInspection:
    """What conversion would make of one Keras layer.

    Attributes:
        layer: name of the layer, behind those of the models that it is nested in.
        layer_class: name of its Keras class.
        becomes: what the layer is in the spiking network.
        parameters: number of its own; a nested model's are in the layers that follow.
        macs: multiply-accumulates of one forward pass of the ANN; None where the model
            cannot be converted.
        output_shape: shape of one sample in the ANN; None where the layer has none.
    """

    layer: str
    layer_class: str
    becomes: str
    parameters: int
    macs: int | None
    output_shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Problem:
    """The reason why a layer, or the model, cannot be converted, and the way out."""

    layer: str
    layer_class: str
    reason: str


@dataclass(frozen=True)
class Inspection:
    """What :func:`inspect_model` found.

    Attributes:
        model: name of the model.
        layers: every Keras layer, those of nested models included.
        parameters: number in the model; a shared layer counts once.
        macs: multiply-accumulates of one forward pass; a shared layer counts as often
            as it is called.
        neurons: number of spiking neurons in all layers.
        shares: part of the operations of one time step that each role takes, from 0
            to 1 (:mod:`tfsnn.network.roles`).
        problems: everything that cannot be converted; `macs`, `neurons`, `shares` and
            `raw` are None where there is any.
        raw: the inputs that take 8-bit values at 0..255, as the model scales them
            itself; those of others are divided by 255.
    """

    model: str
    layers: tuple[LayerInspection, ...]
    parameters: int
    macs: int | None
    neurons: int | None
    shares: dict[str, float] | None = None
    problems: tuple[Problem, ...] = ()
    raw: tuple[str, ...] | None = None

    @property
    def convertible(self) -> bool:
        """Whether :func:`tfsnn.convert` takes the model."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return the inspection as a JSON-ready dict."""
        return {
            "model": self.model,
            "convertible": self.convertible,
            "layers": [asdict(layer) for layer in self.layers],
            "totals": {
                "layers": len(self.layers),
                "parameters": self.parameters,
                "macs": self.macs,
                "neurons": self.neurons,
            },
            "shares": self.shares,
            "raw": self.raw,
            "problems": [asdict(problem) for problem in self.problems],
        }

    def __str__(self) -> str:
        rows = [
            [
                layer.layer,
                layer.layer_class,
                layer.becomes,
                f"{layer.parameters:,}",
                "-" if layer.macs is None else f"{layer.macs:,}",
                _shape(layer.output_shape),
            ]
            for layer in self.layers
        ]
        header = ["layer", "class", "becomes", "parameters", "MACs", "output shape"]
        for i in (1, 2):  # `table` aligns columns to the right; these are text
            width = max(len(row[i]) for row in [header, *rows])
            for row in [header, *rows]:
                row[i] = row[i].ljust(width)
        lines = [*table(header, rows), ""]
        total = f"{len(self.layers)} layers, {self.parameters:,} parameters"
        if self.convertible:
            total += f", {self.macs:,} MACs, {self.neurons:,} spiking neurons"
        lines.append(f"{self.model}: {total}")
        if self.shares is not None:
            parts = [f"{100 * part:.1f} % {role}" for role, part in self.shares.items()]
            lines.append(f"operations of a step: {', '.join(parts)}")
        if self.raw:
            names = ", ".join(self.raw)
            lines.append(f"8-bit values of {names}: 0..255, the model scales them")
        elif self.raw is not None:
            lines.append("8-bit values: divided by 255")
        if self.problems:
            lines += ["", f"cannot be converted, {len(self.problems)} problem(s):"]
        lines += [f"  {p.layer} ({p.layer_class}): {p.reason}" for p in self.problems]
        return "\n".join(lines)


def inspect_model(model: keras.Model) -> Inspection:
    """Tell what :func:`tfsnn.convert` would make of each layer, or why it cannot.

    Of a model of spiking layers it tells what :func:`tfsnn.from_layers` would make.
    A model that cannot be converted raises nothing: the result lists its `problems`.
    """
    layers = list(_layers(model))
    problems: Sequence[tuple[str, str, str]] = ()
    graph, raw, usual = None, None, "supported"
    try:
        if has_spiking_layers(model):
            imported, _ = import_layers(model)
        else:
            imported = import_model(model)
        graph, raw = simplify(imported), tuple(sorted(scaled_inside(imported)))
    except UnsupportedError as error:
        problems = error.problems
    except ModelError as error:
        problems = [(model.name, type(model).__name__, str(error))]
        usual = "-"
    if graph is None or problems:
        refused = {name for name, _, _ in problems}
        found = [
            _inspection(name, layer, "not supported" if name in refused else usual)
            for name, layer in layers
        ]
        macs = neurons = of_roles = None
    else:
        counted = operations(graph)
        at = {node.layer: node.shape for node in imported}
        found = [
            _inspection(
                name, layer, *_becomes(graph, counted, name, layer), at.get(name)
            )
            for name, layer in layers
        ]
        macs = sum(layer.macs or 0 for layer in found)
        neurons = sum(math.prod(node.shape) for node in graph if node.spikes)
        of_roles = shares(graph)
    return Inspection(
        model=model.name,
        layers=tuple(found),
        parameters=model.count_params() if model.built else 0,
        macs=macs,
        neurons=neurons,
        shares=of_roles,
        problems=tuple(Problem(*problem) for problem in problems),
        raw=raw,
    )


def _layers(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every layer with its name, as :func:`import_model` names them."""
    for layer in getattr(model, "operations", model.layers):
        yield prefix + layer.name, layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer, f"{prefix}{layer.name}/")


def _inspection(
    name: str,
    layer: Any,
    becomes: str,
    macs: int | None = None,
    shape: tuple[int, ...] | None = None,
) -> LayerInspection:
    counted = (
        isinstance(layer, keras.Layer)
        and not isinstance(layer, keras.Model)
        and layer.built
    )
    return LayerInspection(
        layer=name,
        layer_class=type(layer).__name__,
        becomes=becomes,
        parameters=layer.count_params() if counted else 0,
        macs=macs,
        output_shape=_output_shape(layer, shape),
    )


def _output_shape(
    layer: Any, shape: tuple[int, ...] | None
) -> tuple[int | None, ...] | None:
    """Return what a layer states, or, where that is free, the shape in the graph."""
    try:
        stated = tuple(keras.tree.flatten(layer.output)[0].shape[1:])
    except AttributeError:  # never called
        return shape
    return shape if shape and None in stated else stated


def _becomes(
    graph: Graph, counted: Mapping[str, int], name: str, layer: Any
) -> tuple[str, int]:
    """Tell what a layer is in the simplified graph, and its MACs."""
    if isinstance(layer, keras.layers.InputLayer):
        return "input", 0
    nodes = [node for node in graph if node.layer == name]
    parts = [_describe(graph, node) for node in nodes]
    parts += [record.fate for record in graph.layers if record.layer == name]
    # A shared layer has its nodes once for each call.
    text = " + ".join(dict.fromkeys(part for part in parts if part))
    macs = sum(counted[node.name] for node in nodes if node.multiplies)
    return text or "nothing", macs


def _describe(graph: Graph, node: Node) -> str:
    """Tell what a node is, and whether it passes on spikes or currents of neurons."""
    text = node.describe()
    if node.linear or not node.passes_on or isinstance(node, StepMax):
        return text
    if node.name in spiking_nodes(graph):
        return f"{text} of spikes"
    if graph.consumers()[node.name][0].spikes:
        return f"{text} before the neurons"
    if node.name in constant_nodes(graph):
        return text
    return f"{text} as a running sum"


def _shape(shape: tuple[int | None, ...] | None) -> str:
    if shape is None:
        return "-"
    return "x".join("?" if n is None else str(n) for n in shape)
