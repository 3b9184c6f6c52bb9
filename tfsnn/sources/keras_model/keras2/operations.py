"""Calls of TensorFlow's functions in a Functional model, as operations of Keras 3."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfsnn.sources.keras_model.classes import operations
from tfsnn.sources.keras_model.keras2.calls import Calls, is_tensor, tensor
from tfsnn.sources.keras_model.keras2.expressions import (
    Argument,
    Step,
    Unmigrated,
    used,
)
from tfsnn.sources.keras_model.keras2.functions import FUNCTIONS
from tfsnn.sources.keras_model.keras2.graph_operations import LAYER, call_of

OPERATORS = "__operators__."  # which TensorFlow has no public functions for
OLD = "compat.v1."
# Arguments that change no output.
UNUSED = ("name", "validate_shape", "validate_indices", "use_cudnn_on_gpu")
MOST = 60  # characters of a value in a message


def operations_of(stored: Mapping[str, Any], calls: Calls) -> list[dict[str, Any]]:
    """Return the operations of Keras 3 that one function of TensorFlow becomes.

    The last of each call has the name of the layer that Keras 2 made for the call.

    Args:
        stored: that layer's config, with its calls.
        calls: the model's calls.

    Raises:
        Unmigrated: if there is no such operation, or an argument it cannot honour.
    """
    config = stored["config"]
    found: list[dict[str, Any]] = []
    for call, node in enumerate(stored["inbound_nodes"]):
        first, others = calls.arguments(node, unpack=False)
        if isinstance(others.get("shape"), list):
            others["shape"] = [calls.without_batch(n) for n in others["shape"]]
        name = calls.name(stored["name"], call)
        if stored["class_name"] == LAYER:
            tensors = first if isinstance(first, list) else [first]
            function, arguments = call_of(config, tensors)
            found += operation(function, [], arguments, name)
        else:
            found += operation(config["function"], [first], others, name)
    return found


def operation(
    function: str, positional: list[Any], named: Mapping[str, Any], name: str
) -> list[dict[str, Any]]:
    """Return the operations that a call of a function of TensorFlow becomes.

    Args:
        function: what TensorFlow calls it, without ``tf.``.
        positional: its first arguments.
        named: the others.
        name: of the last operation.

    Raises:
        Unmigrated: if there is no such operation, or an argument it cannot honour.
    """
    row = FUNCTIONS.get(_modern(function))
    if row is None:
        raise Unmigrated(
            f"calls tf.{function}, for which tfsnn knows no operation of keras.ops: "
            "write a SavedModel with Keras 2 (model.export), or build the network "
            "without it"
        )
    given, defaults = _bound(function, positional, named)
    step = row if isinstance(row, Step) else row(given)
    reads = {*used(step), *UNUSED}
    for key, value in given.items():
        if key not in reads and value != defaults.get(key):
            raise Unmigrated(
                f"calls tf.{function} with {key}={repr(value)[:MOST]}, which "
                "keras.ops has not"
            )
    emitted = _Emitted(name, given)
    emitted.add(step, name)
    return emitted.operations


def _modern(function: str) -> str:
    """Return the name of a function in TensorFlow 2, which does the same."""
    if function.startswith((OLD + "image", OLD + "where")):
        return function
    return function.removeprefix(OLD)


def _bound(
    function: str, positional: list[Any], named: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a call's arguments by name, with defaults; and the defaults."""
    defaults = dict(_parameters(function))
    if len(positional) > len(defaults) or not set(named) <= set(defaults):
        raise Unmigrated(f"calls tf.{function} with {sorted(named)}: not its arguments")
    given = {**defaults, **dict(zip(defaults, positional, strict=False)), **named}
    return {key: _plain(value) for key, value in given.items()}, defaults


@functools.cache
def _parameters(function: str) -> Mapping[str, Any]:
    if function.startswith(OPERATORS):
        names = (
            ("tensor", "slice_spec") if "getitem" in function else ("x", "y", "name")
        )
        return dict.fromkeys(names)
    found = functools.reduce(getattr, function.split("."), tf)
    return {
        key: None if parameter.default is parameter.empty else parameter.default
        for key, parameter in inspect.signature(found).parameters.items()
    }


def _plain(value: Any) -> Any:
    """Return a value as data, where Keras 2 wrote an object of TensorFlow."""
    if isinstance(value, Mapping):
        kind = value.get("class_name")
        if kind == "TensorShape":
            return value["items"]
        if kind == "__tensor__":
            return value["config"]["value"]
        if kind == "__ellipsis__":
            return {"class_name": kind, "config": {}}
        if is_tensor(value):
            return value
        if set(value) == {"start", "stop", "step"}:
            return {"class_name": "__slice__", "config": dict(value)}
        raise Unmigrated(f"has an argument that is a {kind}")
    if isinstance(value, tf.DType):
        return value.name
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


class _Emitted:
    """The operations of one call, each behind those that it reads."""

    def __init__(self, name: str, given: Mapping[str, Any]) -> None:
        self.name, self.given = name, given
        self.operations: list[dict[str, Any]] = []

    def add(self, step: Step, name: str) -> None:
        """Add an operation, and before it those that it reads."""
        inputs = [self.input(item) for item in step.inputs]
        options = {key: self.value(value) for key, value in step.options.items()}
        module = None if step.layer else operations().get(step.kind)
        if any(_has_tensor(option) for option in options.values()):
            raise Unmigrated("computes an argument that keras.ops takes as a number")
        self.operations.append(
            {
                "module": module or "keras.layers",
                "class_name": step.kind,
                "config": {"name": name, **options},
                "registered_name": step.kind if module else None,
                "name": name,
                "inbound_nodes": [{"args": inputs, "kwargs": {}}],
            }
        )

    def input(self, item: Any) -> Any:
        """Return what an operation is called with."""
        if isinstance(item, Step):
            name = f"{self.name}.{len(self.operations)}.{item.kind.lower()}"
            self.add(item, name)
            return tensor(name)
        value = self.value(item)
        key = isinstance(item, Argument) and item.name == "slice_spec"
        return _key(value) if key else _constant(value)

    def value(self, item: Any) -> Any:
        """Return the value of an argument, or a constant."""
        if not isinstance(item, Argument):
            return item
        value = self.given[item.name]
        return value if item.change is None else item.change(value)


def _has_tensor(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_tensor, value))
    return is_tensor(value)


def _constant(value: Any) -> Any:
    """Return a list of numbers as the array that it is; a list of tensors stays one."""
    if not isinstance(value, list):
        return value
    if _has_tensor(value):
        return [_constant(item) for item in value]
    leaf: Any = value
    while isinstance(leaf, list) and leaf:
        leaf = leaf[0]
    kinds = {bool: "bool", int: "int32"}
    config = {"value": value, "dtype": kinds.get(type(leaf), "float32")}
    return {"class_name": "__numpy__", "config": config}


def _key(value: Any) -> list[Any]:
    """Return what a tensor is indexed with."""
    key = value if isinstance(value, list) else [value]
    for part in key:
        bounds = part.get("config") if isinstance(part, Mapping) else {"": part}
        if is_tensor(part) or any(map(is_tensor, (bounds or {}).values())):
            raise Unmigrated("indexes with a tensor")
    return key
