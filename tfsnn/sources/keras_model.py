"""The walk: a Keras Functional or Sequential model becomes a graph.

The connections are read from ``model.get_config()``, which is the ``.keras`` file
format, rather than from private attributes of Keras.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.graph import Graph, LayerRecord
from tfsnn.handlers.registry import Builder, Unsupported, translate
from tfsnn.nodes import Readout, Source

# A tensor of a functional model: name of the layer, its call, its output.
Reference = tuple[str, int, int]


def import_model(model: keras.Model) -> Graph:
    """Translate a model into nodes, one for one; nothing is simplified yet.

    Args:
        model: Functional or Sequential, built, with one input of fixed shape; it may
            nest such models and share layers.

    Raises:
        ModelError: if the model is of another form, or weights are not finite.
        UnsupportedError: naming every layer that cannot be converted.
    """
    functional = _functional(model, "the model")
    if any(isinstance(output, dict | list | tuple) for output in _arranged(model)):
        raise ModelError(
            f"{model.name}: its outputs are nested; arrange them in one list or dict"
        )
    if len(functional.inputs) != 1:
        raise ModelError(f"{model.name}: one input is supported, not several")
    shape = tuple(functional.inputs[0].shape[1:])
    if not shape or any(n is None for n in shape):
        raise ModelError(
            f"{model.name}: the input shape {shape} is not fixed: rebuild the model "
            "with an Input of fixed shape"
        )
    walk = _Walk()
    # Not the tensor's name, which is another after the model is saved and loaded.
    (entry,) = _references(functional.get_config()["input_layers"])
    walk.builder.layer = entry[0]
    source = walk.builder.add(Source, (), shape)
    outputs = [walk.readout(name) for name in walk.model(functional, [source], "")]
    if walk.problems:
        raise UnsupportedError(walk.problems)
    graph = walk.builder.graph(outputs)
    if len(sources := graph.of_kind(Source)) > 1:
        names = ", ".join(node.name for node in sources[1:])
        raise ModelError(f"{model.name}: nothing was found that computes {names}")
    _check_weights(graph)
    return graph


def _arranged(model: keras.Model) -> list[Any]:
    """The outputs of a model, without what is nested in them taken apart."""
    if isinstance(model, keras.Sequential):
        return list(model.outputs)
    outputs = model.output
    if isinstance(outputs, dict):
        return list(outputs.values())
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _check_weights(graph: Graph) -> None:
    broken = [
        node.layer
        for node in graph
        if not all(np.isfinite(values).all() for values in node.arrays().values())
    ]
    if broken:
        raise ModelError(
            f"the weights of {', '.join(broken)} hold NaN or infinite values: the "
            "model's training diverged or its file is damaged"
        )


class _Walk:
    """Goes on behind a layer that cannot be converted, to find them all."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.problems: list[tuple[str, str, str]] = []

    def model(
        self, functional: keras.Model, inputs: Sequence[str], prefix: str
    ) -> list[str]:
        """Translate a model's layers; the names of the nodes of its outputs."""
        config = functional.get_config()
        operations = {op.name: op for op in functional.operations}
        sources = list(_references(config["input_layers"]))
        values: dict[Reference, str] = dict(zip(sources, inputs, strict=True))
        for name, call, arguments in _calls(config, set(values)):
            references = list(_tensors(arguments))
            reads = [
                values.get(reference) or self.stand_in(prefix + name, shape)
                for reference, shape in references
            ]
            results = self.layer(operations[name], reads, prefix)
            values |= {(name, call, i): result for i, result in enumerate(results)}
        outputs = [
            (name, call - _counts_from_one(operations[name]), i)
            for name, call, i in _references(config["output_layers"])
        ]
        wanted = zip(outputs, functional.outputs, strict=True)
        return [
            values.get(reference) or self.stand_in(prefix, tensor.shape)
            for reference, tensor in wanted
        ]

    def layer(self, layer: Any, inputs: Sequence[str], prefix: str) -> list[str]:
        """Translate one call of a layer or nested model; the nodes of its outputs."""
        name, kind = prefix + layer.name, type(layer).__name__
        self.builder.layer = name
        if isinstance(layer, keras.Model):
            fate = "its layers follow"
            self.builder.records[name] = LayerRecord(name, kind, 0, fate)
            return self.model(_functional(layer, name), inputs, name + "/")
        count = layer.count_params() if isinstance(layer, keras.Layer) else 0
        self.builder.records[name] = LayerRecord(name, kind, count)
        try:
            for read in (self.builder.nodes[name] for name in inputs):
                if isinstance(read, Readout):
                    raise Unsupported(
                        f"it follows {read.head!r}, which is supported only at an "
                        "output of the model: cut the model there, or use ReLU"
                    )
            return [translate(layer, inputs, self.builder)]
        except Unsupported as problem:
            self.problems.append((name, kind, str(problem)))
            return []

    def stand_in(self, name: str, shape: Sequence[int | None]) -> str:
        """A node for the output of a layer that could not be converted."""
        self.builder.layer = name
        fixed = [n if n is not None else 1 for n in shape[1:]]
        return self.builder.add(Source, (), fixed, suffix="_unknown")

    def readout(self, name: str) -> str:
        """The node `name` as an output of the model."""
        node = self.builder.nodes[name]
        if isinstance(node, Readout):
            return name
        self.builder.layer = node.layer
        return self.builder.add(Readout, (name,), node.shape, suffix="_readout")


def _functional(model: keras.Model, where: str) -> keras.Model:
    """The model as Functional, over the same layers.

    A subclass may compute something else in its own ``call``: it is refused.
    """
    graph_like = keras.Model(*[keras.Input((1,))] * 2)
    if isinstance(model, keras.Sequential) and type(model) is keras.Sequential:
        if not model.built or not model.layers:
            raise ModelError(
                f"{where} ({model.name}) has no input shape: give it an Input layer"
            )
        return keras.Model(model.inputs, model.outputs)
    if type(model) is not type(graph_like):
        raise ModelError(
            f"{where} ({model.name}) is a {type(model).__name__}, whose structure is "
            "Python code: rebuild it as a Functional or Sequential model"
        )
    return model


def _counts_from_one(operation: Any) -> bool:
    """Whether the config's output layers count the calls of this operation from 1.

    Keras does so for a Functional model in a model; in arguments it counts from 0.
    """
    sequential = isinstance(operation, keras.Sequential)
    return isinstance(operation, keras.Model) and not sequential


def _calls(
    config: Mapping[str, Any], known: set[Reference]
) -> Iterator[tuple[str, int, Any]]:
    """The calls of the layers, each behind those whose outputs it reads."""
    known = {(name, call, 0) for name, call, _ in known}
    waiting = [
        (layer["name"], call, arguments)
        for layer in config["layers"]
        for call, arguments in enumerate(layer["inbound_nodes"])
    ]
    while waiting:
        later = []
        for name, call, arguments in waiting:
            reads = {(layer, i, 0) for (layer, i, _), _ in _tensors(arguments)}
            if reads <= known:
                known.add((name, call, 0))
                yield name, call, arguments
            else:
                later.append((name, call, arguments))
        if len(later) == len(waiting):
            raise ModelError(
                f"the calls of {[name for name, *_ in later]} form a cycle"
            )
        waiting = later


def _tensors(arguments: Any) -> Iterator[tuple[Reference, Sequence[int | None]]]:
    """The tensors in a call's arguments, in order, with their shapes."""
    if isinstance(arguments, Mapping):
        if arguments.get("class_name") == "__keras_tensor__":
            config = arguments["config"]
            name, call, output = config["keras_history"]
            yield (name, call, output), config["shape"]
            return
        arguments = list(arguments.values())
    if isinstance(arguments, list | tuple):
        for item in arguments:
            yield from _tensors(item)


def _references(structure: Any) -> Iterator[Reference]:
    """The tensors in the config's input or output layers, in order."""
    if isinstance(structure, Mapping):
        structure = list(structure.values())
    if isinstance(structure[0], str):
        name, call, output = structure
        yield name, call, output
    else:
        for item in structure:
            yield from _references(item)
