"""Recurrent Keras models as graphs of one element of their sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import keras
from keras import layers

from tfsnn.errors import ModelError
from tfsnn.layers import ModelRNN
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Source
from tfsnn.sources.handlers.builder import Signal
from tfsnn.sources.handlers.elements import SEQUENCE, Elements
from tfsnn.sources.keras_model.walk import Walk
from tfsnn.sources.parts import free_shape


def import_elements(model: keras.Model) -> Graph:
    """Translate a recurrent model into the graph of one element of its sequences.

    An input ``(F, *shape)`` is a sequence, whose length may be free; in the graph it
    has the shape of one element. Of several inputs, one of a single axis that is not of
    integers is a value beside the sequences. The states of recurrent layers are inputs
    and outputs (:attr:`tfsnn.network.graph.Graph.states`). Nothing is simplified yet.

    Raises:
        ModelError: if the model is of another form, weights are not finite, or no
            recurrent layer reads the elements of a sequence.
        UnsupportedError: if layers cannot be converted, or do not act on each element;
            it names them all.
    """
    graph = _ElementWalk(Elements(), alone=len(model.inputs) == 1).graph(model)
    if not graph.states:
        raise ModelError(
            f"{model.name}: no recurrent layer reads the elements of an input: convert "
            "it without over_time, or each frame as a sample of its own"
        )
    return graph


def is_recurrent(model: keras.Model) -> bool:
    """Return whether a model has recurrent layers."""
    kinds = (layers.RNN, layers.Bidirectional, ModelRNN)
    return any(isinstance(layer, kinds) for layer in _layers(model))


def _layers(layer: Any) -> Iterator[Any]:
    """Yield a layer and those of models, but not what TimeDistributed holds."""
    yield layer
    for each in layer.layers if isinstance(layer, keras.Model) else ():
        yield from _layers(each)


class _ElementWalk(Walk):
    """The walk over a model whose inputs are sequences."""

    translate: Elements

    def __init__(self, translate: Elements, alone: bool) -> None:
        """Take the translation, and whether the model has one input."""
        super().__init__(translate)
        self.alone = alone

    def source(self, name: str, tensor: Any) -> Signal:
        """Add an input of the model: one element of a sequence, or a whole value."""
        numbers = "int" in tensor.dtype or "bool" in tensor.dtype
        length, *shape = tensor.shape[1:] or (None,)
        if len(tensor.shape) < (2 if self.alone or numbers else 3):
            return super().source(name, tensor)
        if any(n is None for n in shape):
            raise free_shape(name, (length or 1, *shape))
        self.builder.layer = name
        found = self.builder.add(Source, (), shape, whole="int" in tensor.dtype)
        found.time = SEQUENCE
        return found

    def stand_in(self, name: str, shape: Sequence[int | None]) -> Signal:
        """Add a node for an output that could not be converted, perhaps a sequence."""
        if len(shape) < 3:
            return super().stand_in(name, shape)
        found = super().stand_in(name, [None, *shape[2:]])
        found.time = SEQUENCE
        return found

    def finished(self, outputs: Sequence[str]) -> Graph:
        """Return the graph with the states as inputs and as outputs."""
        states = self.translate.states
        kept = [self.readout(after) for after in states.values()]
        graph = self.builder.graph([*outputs, *kept])
        return replace(graph, states=tuple(states))
