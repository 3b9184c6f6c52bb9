"""Loops over the places of sequences, as recurrent layers whose step is a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.layers import ModelRNN
from tfsnn.sources.saved_model.building import build
from tfsnn.sources.saved_model.frozen import Rolled
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import ANY, Composition, recognises
from tfsnn.sources.saved_model.shapes import Refused


@recognises(ANY)
def recurrence(operation: Any, network: Network) -> Composition | None:
    """Recognise what a loop over places leaves behind."""
    output = operation.outputs[0]
    if (found := network.loops.get(output.name)) is None:
        return None
    rolled, name = found
    if rolled.label not in network.layers:
        network.layers[rolled.label] = _layer(rolled, network)
    layer = network.layers[rolled.label]
    if layer is None:
        return None
    return Composition(
        layer.reads,
        lambda rebuild, *given: layer.emit(
            rebuild, given, name, rebuild.layout(output).units
        ),
        rolled.label,
    )


def _layer(rolled: Rolled, network: Network) -> _Layer | None:
    """Rebuild a loop; None if that cannot be, so that it stays written out."""
    try:
        specs = _specs(rolled, network)
        return _Layer(rolled, network, build(rolled.step(specs), "step"))
    except (Refused, ModelError):
        return None


class _Layer:
    """A loop as a layer.

    Attributes:
        reads: the graph's tensors that it reads: sequences, then initial states.
    """

    def __init__(self, rolled: Rolled, network: Network, step: keras.Model) -> None:
        """Take a loop and its step, rebuilt."""
        self._results = rolled.results
        places = [*rolled.sequences, *rolled.states]
        behind = [after for *_, after in rolled.states.values()]
        sent = [name for name, _ in rolled.results.values()]
        given = dict(zip(sorted(places), step.inputs, strict=True))
        named = dict(zip(sorted({*behind, *sent}), step.outputs, strict=True))
        self._step = keras.Model(
            [given[name] for name in places], list(named.values()), name="step"
        )
        whole = [name for name, every in rolled.results.values() if every]
        self._returned = list(dict.fromkeys([*whole, *sent]))
        numbers = {name: i for i, name in enumerate(named)}
        self._arguments: dict[str, Any] = {
            "states": [numbers[name] for name in behind],
            "returned": [numbers[name] for name in self._returned],
            "return_sequences": bool(whole),
        }
        self._count = len(rolled.sequences)
        self.reads = [network.tensor(text) for text in rolled.sequences.values()]
        states = [network.tensor(text) for text, *_ in rolled.states.values()]
        rows = [network.repeated(network.source(x)) for x in states]
        if any(row is None or row.any() for row in rows):  # else they are 0
            self.reads += states
        self._made: tuple[Any, list[Any]] | None = None

    def emit(
        self, rebuild: Rebuild, given: Sequence[Any], text: str, units: tuple[int, ...]
    ) -> Any:
        """Return the Keras tensor of a result, from those of what the layer reads."""
        if any(not isinstance(x, keras.KerasTensor) for x in given):
            raise Refused("it reads a constant without a batch: load a .keras file")
        if self._made is None or self._made[0] is not rebuild:
            layer = ModelRNN(self._step, **self._arguments, name=rebuild.name("RNN"))
            sequences, states = given[: self._count], given[self._count :]
            made = layer(list(sequences), initial_state=list(states) or None)
            self._made = rebuild, made
        name, every = self._results[text]
        number = self._returned.index(name)
        y = self._made[1][number]
        if self._arguments["return_sequences"] and not number and not every:
            y = rebuild.raw(lambda z: z[:, -1], y)
        return rebuild.reshape(y, units)


def _specs(rolled: Rolled, network: Network) -> dict[str, tf.TensorSpec]:
    """Return shapes and types of what a step is given.

    Raises:
        Refused: if one of them does not hold one batch.
    """
    specs = {}
    for name, text in rolled.sequences.items():
        whole = network.tensor(text)
        found = network.layout(whole)
        if found.axis != 1:
            raise Refused("the batch is not on the second axis of its sequence")
        specs[name] = whole, found.shape[1:]
    for name, (_, text, _) in rolled.states.items():
        state = network.tensor(text)
        specs[name] = state, network.layout(state).units
    return {
        name: tf.TensorSpec((network.fixed, *shape), tensor.dtype, name)
        for name, (tensor, shape) in specs.items()
    }
