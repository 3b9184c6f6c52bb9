"""The config of a Functional model: its calls, and the arguments of each.

The config is the ``.keras`` file format; private attributes of Keras are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from tfsnn.errors import ModelError
from tfsnn.sources.handlers.builder import Signal

# A tensor of a functional model: name of the layer, index of its call and its output.
Reference = tuple[str, int, int]


def calls(
    config: Mapping[str, Any], known: set[Reference]
) -> Iterator[tuple[str, int, Any]]:
    """Yield the calls of the layers, each behind those whose outputs it reads."""
    known = {(name, call, 0) for name, call, _ in known}
    waiting = [
        (layer["name"], call, arguments)
        for layer in config["layers"]
        for call, arguments in enumerate(layer["inbound_nodes"])
    ]
    while waiting:
        later = []
        for name, call, arguments in waiting:
            reads = {(layer, i, 0) for layer, i, _ in _tensors(arguments)}
            if reads <= known:
                known.add((name, call, 0))
                yield name, call, arguments
            else:
                later.append((name, call, arguments))
        if len(later) == len(waiting):
            raise ModelError(
                f"the calls of the layers {[name for name, *_ in later]} form a cycle, "
                "so none can be first: the model's config is damaged; save it again"
            )
        waiting = later


def _tensors(arguments: Any) -> Iterator[Reference]:
    """Yield the tensors in a call's arguments, in order."""
    if isinstance(arguments, Mapping):
        if arguments.get("class_name") == "__keras_tensor__":
            yield reference(arguments["config"])
            return
        arguments = list(arguments.values())
    if isinstance(arguments, list | tuple):
        for item in arguments:
            yield from _tensors(item)


def reference(tensor: Mapping[str, Any]) -> Reference:
    name, call, output = tensor["keras_history"]
    return name, call, output


def rebuilt(arguments: Any, signal: Callable[[Any], Any]) -> Any:
    """Rebuild a call's arguments from the config, with `signal` of each tensor."""
    if isinstance(arguments, list | tuple):
        return [rebuilt(item, signal) for item in arguments]
    if not isinstance(arguments, Mapping):
        return arguments
    kind = arguments.get("class_name")
    if kind == "__keras_tensor__":
        return signal(arguments["config"])
    if kind in ("__numpy__", "__tensor__"):
        config = arguments["config"]
        return np.asarray(config["value"], config["dtype"])
    if kind is not None:
        return keras.saving.deserialize_keras_object(arguments)
    return {key: rebuilt(item, signal) for key, item in arguments.items()}


def signals(arguments: Any) -> Iterator[Signal]:
    """Yield the signals in a call's arguments, in order."""
    if isinstance(arguments, Signal):
        yield arguments
    elif isinstance(arguments, Mapping):
        yield from signals(list(arguments.values()))
    elif isinstance(arguments, list | tuple):
        for item in arguments:
            yield from signals(item)


def references(structure: Any) -> Iterator[Reference]:
    """Yield the tensors in the config's input or output layers, in order."""
    if isinstance(structure, Mapping):
        structure = list(structure.values())
    if isinstance(structure[0], str):
        name, call, output = structure
        yield name, call, output
    else:
        for item in structure:
            yield from references(item)
