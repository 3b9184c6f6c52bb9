"""The config of a layer of Keras 2, as Keras 3 would have written it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tfsnn.sources.keras_model.keras2.activations import (
    activation,
    is_activation,
)
from tfsnn.sources.keras_model.keras2.arguments import (
    CLASSES,
    COMMON,
    FIXED,
    HARMLESS,
    MISSING,
    RENAMED,
    accepted,
)
from tfsnn.sources.keras_model.keras2.expressions import Unmigrated

INNER = ("layer", "forward_layer", "backward_layer", "cell")  # of wrappers
# Their values are stored, and their configs are of many versions.
MOST = 60  # characters of a value in a message
UNUSED = ("initializer", "regularizer", "constraint")


def layer_config(
    kind: str, config: Mapping[str, Any], inner: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the arguments of a Keras layer for Keras 3.

    Args:
        kind: its class in Keras 2.
        config: its arguments there.
        inner: does the same for a layer within it.

    Raises:
        Unmigrated: if Keras 3 cannot honour an argument.
    """
    renamed = RENAMED.get(kind, {})
    takes = accepted(CLASSES.get(kind, kind))
    found = {**MISSING.get(kind, {}), **FIXED.get(kind, {})}
    if CLASSES.get(kind) == "Identity":
        config = {name: config[name] for name in COMMON if name in config}
    for name, value in config.items():
        name = renamed.get(name, name)
        if name.endswith(UNUSED):
            continue
        if name in ("batch_input_shape", "batch_shape", "input_shape"):
            if kind == "InputLayer":
                found["batch_shape"] = value
        elif name in takes:
            found[name] = _value(name, value, inner)
        elif value is not None and not HARMLESS.get(name, _nothing)(value):
            raise Unmigrated(f"has {name}={repr(value)[:MOST]}, which Keras 3 has not")
    if kind in AXES and isinstance(found.get("axis"), list):
        if len(found["axis"]) != 1:
            raise Unmigrated(
                f"normalises the axes {found['axis']}; Keras 3 has one axis there"
            )
        found["axis"] = found["axis"][0]
    return found


# Layers that take one axis in Keras 3, and a list of one in files of Keras 2.
AXES = {"BatchNormalization", "SyncBatchNormalization", "BatchNormalizationV1"}


def _nothing(value: Any) -> bool:
    """Whether a value says that something is not asked for."""
    return value is False or value in ("", [], {})


def _value(name: str, value: Any, inner: Callable[[Any], Any]) -> Any:
    if name == "dtype":
        return dtype_of(value)
    if name in INNER and value is not None:
        return inner(value)
    if name == "cells":
        return [inner(cell) for cell in value]
    if is_activation(name):
        return activation(value, inner)
    return value


def dtype_of(value: Any) -> Any:
    """Return the name of a dtype, or of a policy that Keras 2 wrote as a dict."""
    if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
        name = value["config"].get("name")
        return None if name == "_infer" else name
    return value
