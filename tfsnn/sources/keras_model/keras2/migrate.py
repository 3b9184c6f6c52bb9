"""The config of a model of Keras 2, as Keras 3 would have written it.

A pure function of data: nothing of the config is made or called. What comes out is
looked through like any other config before Keras reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.classes import FUNCTIONAL, module_of, registered
from tfsnn.sources.keras_model.keras2.arguments import CLASSES, OWN, REMOVED
from tfsnn.sources.keras_model.keras2.calls import (
    LAMBDAS,
    Calls,
    reachable,
    unpacked,
)
from tfsnn.sources.keras_model.keras2.expressions import Unmigrated
from tfsnn.sources.keras_model.keras2.keras1 import refuse_keras_1
from tfsnn.sources.keras_model.keras2.layers import dtype_of, layer_config
from tfsnn.sources.keras_model.keras2.operations import operations_of
from tfsnn.sources.keras_model.keras2.shapes import input_shape

GRAPHS = ("Functional", "Model", "Network")
CODE = "Lambda"  # refused by its name, with others of its kind


def migrated(config: Any, where: str) -> dict[str, Any]:
    """Return the config of a model of Keras 2 in the form of Keras 3.

    Args:
        config: what ``model_config`` or ``config.json`` says.
        where: the file, for messages.

    Raises:
        ModelError: if it is damaged, of Keras 1, or has layers that cannot be migrated;
            it names them all.
    """
    refuse_keras_1(config, where)
    migration = _Migration()
    try:
        found = migration.layer(config)
    # What reading a damaged config by its keys and positions raises.
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise ModelError(
            f"{where}: cannot be read as a Keras model (its config is damaged: "
            f"{type(error).__name__}: {error}): save it again"
        ) from error
    if migration.problems:
        raise ModelError(f"{where}: {'; '.join(_told(migration.problems))}")
    return found


class _Migration:
    """The walk over a config, which collects all layers that cannot be migrated."""

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []  # layers, and what is wrong

    def layer(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Migrate a layer or model; its connections are those of the model around."""
        kind, config = stored["class_name"], stored["config"]
        if own := registered(stored.get("registered_name") or kind):
            if "dtype" in config:
                config = {**config, "dtype": dtype_of(config["dtype"])}
            return {**own, "config": config}
        if kind in GRAPHS:
            return _of(FUNCTIONAL, "Functional", self.functional(config))
        if kind == "Sequential":
            return _of("keras", kind, self.sequential(stored))
        name = CLASSES.get(kind, kind)
        own = registered(f"tfsnn>{kind}") if kind in OWN else None
        module = own["module"] if own else module_of(name)
        if module is None:
            reason = _unknown(kind, stored.get("module"))
            self.problems.append((f"{config.get('name')} ({kind})", reason))
        elif kind != CODE:
            try:
                config = layer_config(kind, config, self.layer)
            except Unmigrated as problem:
                self.problems.append((f"{config.get('name')} ({kind})", str(problem)))
        return {**_of(module or "keras.layers", name, config), **(own or {})}

    def sequential(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Migrate a Sequential model; it starts with an InputLayer, where known."""
        config = stored["config"]
        listed = config if isinstance(config, list) else config["layers"]
        layers = [self.layer(layer) for layer in listed]
        name = "sequential" if isinstance(config, list) else config.get("name")
        found = {"name": name or "sequential", "layers": layers}
        if layers and layers[0]["class_name"] != "InputLayer":
            shape, dtype = input_shape(stored)
            if shape is not None:
                first = {"name": f"{name}_input", "batch_shape": shape, "dtype": dtype}
                layers.insert(0, _of("keras.layers", "InputLayer", first))
        return found

    def functional(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Migrate a Functional model: its layers, and the calls that connect them."""
        calls = Calls(config)
        layers: dict[str, list[dict[str, Any]]] = {}
        functions: dict[str, tuple[str, str] | None] = {}  # why they cannot be migrated
        for stored in config["layers"]:
            name, kind = stored["name"], stored["class_name"]
            if kind in LAMBDAS:
                try:
                    layers[name], functions[name] = operations_of(stored, calls), None
                except Unmigrated as problem:
                    layers[name] = []
                    functions[name] = f"{name} ({kind})", str(problem)
                continue
            layer = self.layer(stored)
            inner = {**layer["config"], "name": stored["config"].get("name", name)}
            nodes = [calls.node(node, kind) for node in stored["inbound_nodes"]]
            whole = {**layer, "config": inner, "name": name, "inbound_nodes": nodes}
            layers[name] = [whole]
        roots = [calls.outputs(config["output_layers"])]
        roots += [
            part["inbound_nodes"]
            for name, parts in layers.items()
            for part in parts
            if name not in functions
        ]
        needed = reachable(roots, layers)
        self.problems += [
            problem
            for name, problem in functions.items()
            if problem is not None and name in needed
        ]
        found = {
            "name": config["name"],
            "layers": [
                layer
                for name, parts in layers.items()
                if name in needed or name not in functions
                for layer in parts
            ],
            "input_layers": unpacked(config["input_layers"]),
            "output_layers": calls.outputs(config["output_layers"]),
        }
        if isinstance(config.get("trainable"), bool):
            found["trainable"] = config["trainable"]
        return found


def _of(module: str, kind: str, config: Any) -> dict[str, Any]:
    name = kind if module == FUNCTIONAL else None
    return {
        "module": module,
        "class_name": kind,
        "config": config,
        "registered_name": name,
    }


def _told(problems: list[tuple[str, str]]) -> list[str]:
    """Return what is wrong, once for all layers that share it."""
    by_reason: dict[str, list[str]] = {}
    for layer, reason in problems:
        by_reason.setdefault(reason, []).append(layer)
    return [f"{', '.join(layers)} {reason}" for reason, layers in by_reason.items()]


def _unknown(kind: str, module: Any) -> str:
    if kind in REMOVED:
        return (
            f"is a layer of Keras 2 that Keras 3 has not ({REMOVED[kind]}): "
            "build the network without it, or begin behind it (--from LAYER), or "
            "write a SavedModel with Keras 2 (model.export)"
        )
    from_where = f" (of the module {module})" if isinstance(module, str) else ""
    return (
        f"is of a class that Keras has not{from_where}, one of the user's own: "
        "write it for Keras 3, import the module that registers it "
        "(keras.saving.register_keras_serializable) and convert in Python; or write a "
        "SavedModel with Keras 2 (model.export), which holds operations alone; or "
        "leave it out, where the network begins behind it (--from LAYER) or ends "
        "before it (--to LAYER)"
    )
