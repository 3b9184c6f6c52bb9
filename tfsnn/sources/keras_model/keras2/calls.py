"""The calls of layers in a Functional model of Keras 2, as Keras 3 writes them.

Keras 2 writes the tensors of the first argument as [layer, call, output, other
arguments], and tensors within the others as [layer, call, output].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

CONSTANT = "_CONSTANT_VALUE"
LAMBDAS = (
    "TFOpLambda",
    "SlicingOpLambda",
    "TensorFlowOpLayer",
)  # calls of functions of TensorFlow
BATCH = "the size of the batch"
Node = dict[str, Any]
RECURRENT = {
    *("RNN", "SimpleRNN", "GRU", "LSTM", "CuDNNGRU", "CuDNNLSTM", "Bidirectional"),
    *("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
}


class Calls:
    """The calls in a Functional model, by the layers' names.

    Keras 2 counts the calls of a layer from 1 where it is a model that was called when
    it was made, and Keras 3 from 0.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take the config of a Functional model."""
        self.kinds = {layer["name"]: layer["class_name"] for layer in config["layers"]}
        self.batches = _batches(config["layers"])
        last = dict.fromkeys(self.kinds, 0)
        for name, call, _ in self._references(config):
            last[name] = max(last[name], call)
        self.first = {
            layer["name"]: max(
                last[layer["name"]] - max(len(layer["inbound_nodes"]) - 1, 0), 0
            )
            for layer in config["layers"]
        }

    def node(self, stored: Any, kind: str) -> Node:
        """Return the arguments of one call of a layer for Keras 3.

        Args:
            stored: the call.
            kind: the layer's class.
        """
        first, others = self.arguments(stored)
        if kind in RECURRENT and isinstance(first, list):  # with the first states
            first, others["initial_state"] = first[0], first[1:]
        return {"args": [first], "kwargs": others}

    def arguments(self, stored: Any, unpack: bool = True) -> tuple[Any, dict[str, Any]]:
        """Return the first argument of a call, and the others by name.

        Args:
            stored: the call.
            unpack: whether a list of one tensor is that tensor.
        """
        others: dict[str, Any] = {}
        first = self._first(stored, others)
        if unpack:
            first = unpacked(first)
        rebuilt = {key: self._other(value) for key, value in others.items()}
        return first, rebuilt

    def outputs(self, structure: Any) -> Any:
        """Return the output layers of the model for Keras 3.

        It counts the calls of Functional models from 1 here.
        """
        if self._is_reference(structure):
            name, call, output = structure[:3]
            call -= self.first[name]
            if self.kinds[name] in LAMBDAS:
                return [self.name(name, call), 0, output]
            one = self.kinds[name] in ("Functional", "Model", "Network")
            return [name, call + one, output]
        if isinstance(structure, Mapping):
            return {key: self.outputs(item) for key, item in structure.items()}
        found = [self.outputs(item) for item in structure]
        return unpacked(found)

    def _first(self, stored: Any, others: dict[str, Any]) -> Any:
        if isinstance(stored, Mapping):
            return {key: self._first(item, others) for key, item in stored.items()}
        if stored and isinstance(stored[0], str):
            others.update(stored[3] if len(stored) > 3 else {})
            if stored[0] == CONSTANT:
                return stored[2]
            return self._tensor(stored)
        return [self._first(item, others) for item in stored]

    def _other(self, value: Any) -> Any:
        if self._is_reference(value):
            return self._tensor(value)
        if isinstance(value, list):
            return [self._other(item) for item in value]
        if isinstance(value, Mapping):
            return {key: self._other(item) for key, item in value.items()}
        return value

    def without_batch(self, value: Any) -> Any:
        """Return a number of a shape; :data:`BATCH` where it is that size."""
        if is_tensor(value) and value["config"]["keras_history"][0] in self.batches:
            return BATCH
        return value

    def name(self, layer: str, call: int) -> str:
        """Return the name of the operation of a call, counted from 0, of a function."""
        return f"{layer}.{call}" if call else layer

    def _tensor(self, stored: Any) -> Node:
        name, call, output = stored[:3]
        call -= self.first[name]
        if self.kinds[name] in LAMBDAS:
            return tensor(self.name(name, call), 0, output)
        return tensor(name, call, output)

    def _is_reference(self, value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) in (3, 4)
            and isinstance(value[0], str)
            and value[0] in self.kinds
        )

    def _references(self, value: Any) -> Iterator[tuple[str, int, int]]:
        """Yield every tensor that a part of the config refers to."""
        if self._is_reference(value):
            yield tuple(value[:3])
            value = value[3:]
        if isinstance(value, Mapping):
            inner = "config" if "inbound_nodes" in value else None
            value = [item for key, item in value.items() if key != inner]
        if isinstance(value, list):
            for item in value:
                yield from self._references(item)


def tensor(name: str, call: int = 0, output: int = 0) -> Node:
    """Return how Keras 3 refers to an output of a call; it does not read the shape."""
    config = {
        "shape": [],
        "dtype": "float32",
        "keras_history": [name, call, output],
    }
    return {"class_name": "__keras_tensor__", "config": config}


def is_tensor(value: Any) -> bool:
    """Whether an argument is a tensor of the model."""
    return isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__"


def _batches(layers: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the names of layers that take the first number of a tensor's shape."""
    functions = {layer["name"]: layer["config"].get("function") for layer in layers}
    found = set()
    for layer in layers:
        if layer["class_name"] == "SlicingOpLambda" and layer["inbound_nodes"]:
            name, _, _, *others = layer["inbound_nodes"][0]
            shape = functions.get(name) in ("shape", "compat.v1.shape")
            if shape and others and others[0].get("slice_spec") == 0:
                found.add(layer["name"])
    return found


def unpacked(structure: Any) -> Any:
    """Return a list of one item as that item: Keras 2 lists one input or output."""
    if isinstance(structure, list) and len(structure) == 1:
        return structure[0]
    return structure


def reachable(
    roots: Any, layers: Mapping[str, Sequence[Mapping[str, Any]]]
) -> set[str]:
    """Return the names of layers whose outputs are read, from some on.

    Args:
        roots: output layers, and configs of layers in the form of Keras 3.
        layers: those of each layer of Keras 2, by its name.
    """
    found: set[str] = set()
    waiting = list(_names(roots, layers))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _names([part["inbound_nodes"] for part in layers[name]], layers)
    return found


def _names(value: Any, known: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of known layers that tensors in a config belong to."""
    if isinstance(value, Mapping):
        value = [item for key, item in value.items() if key != "name"]
    if isinstance(value, list):
        for item in value:
            yield from _names(item, known)
    elif isinstance(value, str):
        owner = value if value in known else value.rpartition(".")[0]
        if owner in known:
            yield owner
