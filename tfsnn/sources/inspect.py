"""Inspection: what would become of each layer of a model, told without data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import keras

from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.network.graph import Graph
from tfsnn.network.operations import shares
from tfsnn.network.passes import simplify
from tfsnn.network.pixels import scaled_inside
from tfsnn.sources import import_model
from tfsnn.sources.fates import Fate, Fates
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
        by_spikes: part of the operations of one time step that spikes drive, those of
            neurons included, from 0 to 1; None for a layer without operations.
    """

    layer: str
    layer_class: str
    becomes: str
    parameters: int
    macs: int | None
    output_shape: tuple[int | None, ...] | None
    by_spikes: float | None = None


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
        method: whether it tells what a certain method would make of the model; each
            method makes at least what is told without one.
    """

    model: str
    layers: tuple[LayerInspection, ...]
    parameters: int
    macs: int | None
    neurons: int | None
    shares: dict[str, float] | None = None
    problems: tuple[Problem, ...] = ()
    raw: tuple[str, ...] | None = None
    method: bool = False

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
            "method": self.method,
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
        if self.method:
            header.append("by spikes")
            for row, layer in zip(rows, self.layers, strict=True):
                row.append(_percent(layer.by_spikes))
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


class Preparing(Protocol):
    """A conversion method, as far as inspection asks it."""

    def prepare(self, graph: Graph) -> Graph:
        """Return the ANN's graph with the neurons that the method puts in."""
        ...


def inspect_model(model: keras.Model, method: Preparing | None = None) -> Inspection:
    """Tell what :func:`tfsnn.convert` would make of each layer, or why it cannot.

    Of a model of spiking layers it tells what :func:`tfsnn.from_layers` would make.
    A model that cannot be converted raises nothing: the result lists its `problems`.

    Args:
        model: Functional or Sequential; it is left as it is.
        method: a method (:func:`tfsnn.methods.make`) that the model would be converted
            by; if None, what is told holds for all of them, and some make neurons of
            more layers. A model of spiking layers is converted by none.
    """
    layers = list(_layers(model))
    problems: Sequence[tuple[str, str, str]] = ()
    graph, raw, usual = None, None, "supported"
    try:
        if has_spiking_layers(model):
            imported, _ = import_layers(model)
            method = None
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
            _inspection(
                name, layer, Fate("not supported" if name in refused else usual)
            )
            for name, layer in layers
        ]
        macs = neurons = of_roles = None
    else:
        ann, at = Fates(graph), {node.layer: node.shape for node in imported}
        graph = graph if method is None else method.prepare(graph)
        fates = Fates(graph)
        found = []
        for name, layer in layers:
            fate = fates.of(name, layer)._replace(macs=ann.of(name, layer).macs)
            found.append(_inspection(name, layer, fate, at.get(name)))
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
        method=method is not None,
    )


def _layers(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every layer with its name, as :func:`import_model` names them."""
    for layer in getattr(model, "operations", model.layers):
        yield prefix + layer.name, layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer, f"{prefix}{layer.name}/")


def _inspection(
    name: str, layer: Any, fate: Fate, shape: tuple[int, ...] | None = None
) -> LayerInspection:
    counted = (
        isinstance(layer, keras.Layer)
        and not isinstance(layer, keras.Model)
        and layer.built
    )
    return LayerInspection(
        layer=name,
        layer_class=type(layer).__name__,
        becomes=fate.becomes,
        parameters=layer.count_params() if counted else 0,
        macs=fate.macs,
        output_shape=_output_shape(layer, shape),
        by_spikes=fate.by_spikes,
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


def _shape(shape: tuple[int | None, ...] | None) -> str:
    if shape is None:
        return "-"
    return "x".join("?" if n is None else str(n) for n in shape)


def _percent(part: float | None) -> str:
    return "-" if part is None else f"{100 * part:.1f} %"
