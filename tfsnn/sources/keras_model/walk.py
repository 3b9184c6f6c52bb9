"""The walk that turns a Keras Functional or Sequential model into a graph.

The connections are read from ``model.get_config()``, which is the ``.keras`` file
format, rather than from private attributes of Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfsnn.errors import ModelError
from tfsnn.network.graph import Graph, LayerRecord
from tfsnn.network.nodes import Readout, Source
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.keras_model.config import (
    Reference,
    calls,
    rebuilt,
    reference,
    references,
    signals,
)
from tfsnn.sources.keras_model.constants import translate_or_fold
from tfsnn.sources.keras_model.masks import hand_in, masked_outputs, with_masks
from tfsnn.sources.keras_model.nesting import (
    in_key_order,
    nested_inputs,
    output_references,
)
from tfsnn.sources.keras_model.refusals import Refusals
from tfsnn.sources.keras_model.structure import (
    config_of,
    functional,
    input_names,
    outputs_nest,
)
from tfsnn.sources.parts import free_shape

Translate = Callable[[Any, Sequence[str], Builder], list[str]]


def import_model(model: keras.Model) -> Graph:
    """Translate a model into a graph, layer by layer; nothing is simplified yet.

    Args:
        model: a built Functional or Sequential model with inputs of fixed shape; it
            may nest such models and share layers.

    Raises:
        ModelError: if the model is of another form, or weights are not finite.
        UnsupportedError: if layers cannot be converted; it names them all.
    """
    return Walk().graph(model)


def _check_weights(graph: Graph) -> None:
    broken = [
        node.layer
        for node in graph
        if not all(np.isfinite(values).all() for values in node.arrays().values())
    ]
    if broken:
        raise ModelError(
            f"the weights of {', '.join(broken)} hold NaN or infinite values: the "
            "model's training diverged or its file is damaged: train it again with a "
            "smaller learning rate, or save it again"
        )


class Walk:
    """The walk over one model, which collects all layers that cannot be converted."""

    def __init__(self, translate: Translate = translate_or_fold) -> None:
        """Start with an empty graph.

        Args:
            translate: calls the handler of a layer or operation, and returns the nodes
                of its outputs.
        """
        self.translate = translate
        self.builder = Builder()
        self.refused = Refusals()
        self._connect()

    def _connect(self) -> None:
        self.builder.inner, self.builder.within = self.inner, self.within

    def within(self, builder: Builder) -> Mapping[str, tuple[str, str]]:
        """Have a builder of the nodes inside a node translate as this walk does.

        Returns:
            Kind and reason of what is refused there, by name, as it is translated.
        """
        inside = Walk(self.translate)
        inside.builder = builder
        inside._connect()
        return inside.refused.reasons

    def graph(self, model: keras.Model) -> Graph:
        """Translate a model into a graph (:func:`import_model`)."""
        whole = functional(model, "the model")
        if outputs_nest(model):
            raise ModelError(
                f"{model.name}: its outputs are nested; arrange them in one list or "
                "dict"
            )
        names = input_names(whole)
        inputs = [self.source(name, whole.get_layer(name).output) for name in names]
        outputs = [self.readout(name) for name in self.model(whole, inputs, "")]
        if self.refused.reasons:
            raise self.refused.error(self.builder.nodes)
        for name in names:
            if whole.get_layer(name).output.dtype == "string":
                raise ModelError(
                    f"{model.name}: the input {name} is text, not numbers: begin "
                    "behind the layer that turns it into numbers (--from LAYER; "
                    "inputs= of load_model or tfsnn.part), and give those"
                )
        graph = self.finished(outputs)
        if lost := [name for name in graph.given if name not in names]:
            raise ModelError(
                f"{model.name}: nothing was found that computes {lost}: build it again"
            )
        _check_weights(graph)
        return graph

    def source(self, name: str, tensor: Any) -> Signal:
        """Add an input of the model, which has a tensor in Keras.

        Raises:
            ModelError: if its shape is not fixed.
        """
        shape = tuple(tensor.shape[1:])
        if any(n is None for n in shape):
            raise free_shape(name, shape)
        self.builder.layer = name
        return self.builder.add(Source, (), shape, whole="int" in tensor.dtype)

    def finished(self, outputs: Sequence[str]) -> Graph:
        """Return the graph that has these readouts as outputs."""
        return self.builder.graph(outputs)

    def model(
        self, model: keras.Model, inputs: Sequence[Signal], prefix: str
    ) -> list[Signal]:
        """Translate a Functional model's layers; the nodes of its outputs."""
        config = config_of(model)
        operations = {op.name: op for op in model.operations}
        sources = list(references(config["input_layers"]))
        values: dict[Reference, Signal] = dict(zip(sources, inputs, strict=True))
        for name, call, arguments in calls(config, set(values)):

            def signal(tensor: Any) -> Signal:
                origin = reference(tensor)
                found = values.get(origin)
                if found is None:
                    found = self.stand_in(prefix + origin[0], tensor["shape"])
                found.dtype = tensor["dtype"]
                return found

            args = tuple(rebuilt(arguments["args"], signal))
            kwargs = rebuilt(arguments["kwargs"], signal)
            results = self.layer(operations[name], args, kwargs, prefix)
            values.update(((name, call, i), y) for i, y in enumerate(results))
        wanted = zip(output_references(model, config), model.outputs, strict=True)
        return [
            values[origin]
            if origin in values
            else self.stand_in(prefix + origin[0], tensor.shape)
            for origin, tensor in wanted
        ]

    def layer(
        self,
        layer: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        prefix: str,
    ) -> list[Signal]:
        """Translate one call of a layer or nested model; return its outputs' nodes."""
        name, kind = prefix + layer.name, type(layer).__name__
        self.builder.layer = name
        if isinstance(layer, keras.Model):
            fate = "its layers follow"
            self.builder.records[name] = LayerRecord(name, kind, 0, fate)
            nested = functional(layer, name)
            given = nested_inputs(nested, args, kwargs)
            hand_in(kwargs.get("mask"), given)
            return in_key_order(nested, self.model(nested, given, name + "/"))
        count = layer.count_params() if isinstance(layer, keras.Layer) else 0
        self.builder.records[name] = LayerRecord(name, kind, count)
        self.builder.args, self.builder.kwargs = args, kwargs
        try:
            if isinstance(layer, keras.Layer):
                args = tuple(_with_constants(arg, self.builder) for arg in args)
                kwargs = {
                    k: _with_constants(v, self.builder) for k, v in kwargs.items()
                }
                self.builder.args, self.builder.kwargs = args, kwargs
            inputs = list(signals([args, kwargs]))
            if not isinstance(layer, keras.Layer):
                return list(map(_signal, self.translate(layer, inputs, self.builder)))
            call = with_masks(layer, args, kwargs)
            self.builder.kwargs = call.kwargs
            results = self.translate(layer, inputs, self.builder)
            outputs = masked_outputs(layer, call, results, self.builder)
            for output, result in zip(outputs, results, strict=True):
                output.time = getattr(result, "time", "")
            return outputs
        except Unsupported as problem:
            reads = tuple(signals([args, kwargs]))
            self.refused.reasons[name] = kind, str(problem)
            self.refused.reads[name] = reads
            return []

    def inner(
        self, layer: Any, inputs: Sequence[str], mask: str | None = None
    ) -> list[str]:
        """Translate a layer or model that a wrapper holds, under the wrapper's name.

        With a mask, if the wrapper gives it one; none goes there by itself.
        """
        wrapper, args, kwargs = (
            self.builder.layer,
            self.builder.args,
            self.builder.kwargs,
        )
        given = list(map(Signal, inputs))
        kwargs_inside = {} if mask is None else {"mask": Signal(mask)}
        self.builder.args, self.builder.kwargs = tuple(given), kwargs_inside
        try:
            if isinstance(layer, keras.Model):
                nested = functional(layer, f"{wrapper}/{layer.name}")
                given[0].mask = kwargs_inside.get("mask")
                return [*self.model(nested, given, f"{wrapper}/{layer.name}/")]
            return self.translate(layer, given, self.builder)
        finally:
            self.builder.layer = wrapper
            self.builder.args, self.builder.kwargs = args, kwargs

    def stand_in(self, name: str, shape: Sequence[int | None]) -> Signal:
        """Add a node for an output that could not be converted, so the walk goes on."""
        self.builder.layer = name
        fixed = [n if n is not None else 1 for n in shape[1:]]
        added = self.builder.add(Source, (), fixed, suffix="_unknown")
        self.refused.stand_ins[added] = name
        return added

    def readout(self, name: str) -> str:
        """Add a readout that makes the node `name` an output of the model."""
        node = self.builder.nodes[name]
        self.builder.layer = node.layer
        return self.builder.add(Readout, (name,), node.shape, suffix="_readout")


def _signal(result: str) -> Signal:
    return result if isinstance(result, Signal) else Signal(result)


def _with_constants(argument: Any, builder: Builder) -> Any:
    """Replace each array ``(1, *shape)`` in a layer's argument by a constant node."""
    if isinstance(argument, list | tuple):
        return [_with_constants(item, builder) for item in argument]
    if not isinstance(argument, np.ndarray):
        return argument
    if argument.ndim and argument.shape[0] != 1:
        raise Unsupported(
            f"it reads an array of shape {argument.shape}, with values for "
            f"{argument.shape[0]} samples: give it 1 as first axis"
        )
    return builder.constant(argument[0])
