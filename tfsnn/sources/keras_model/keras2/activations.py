"""Activations in configs of Keras 2, and the one that Keras 3 computes otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from tfsnn.layers.hard_sigmoid import keras2_hard_sigmoid
from tfsnn.sources.keras_model.keras2.expressions import Unmigrated

HARD_SIGMOID = f"tfsnn>{keras2_hard_sigmoid.__name__}"


def is_activation(name: str) -> bool:
    """Whether an argument of a layer is an activation function."""
    return name.endswith("activation")


def activation(value: Any, inner: Callable[[Any], Any]) -> Any:
    """Return an activation for Keras 3.

    Args:
        value: its name, or the config of a function or layer.
        inner: does the same for a layer.
    """
    if isinstance(value, Mapping):
        if value.get("class_name") != "function":
            return inner(value)
        value = value.get("config")
    if value == "hard_sigmoid":
        value = HARD_SIGMOID
    if not isinstance(value, str) or hasattr(keras.activations, value):
        return value
    if value == "<lambda>":
        raise Unmigrated(
            "has a lambda as its activation, Python code that the file does not hold: "
            "run the code that made the model, model.load_weights(this file), and "
            "convert it in Python (tfsnn.convert)"
        )
    if keras.saving.get_registered_object(value) is None:
        raise Unmigrated(
            f"has the activation {value!r}, which Keras has not, a function of the "
            "user's own: register it under this name "
            "(keras.utils.get_custom_objects()[name] = function) and convert in Python"
        )
    return {
        "module": "builtins",
        "class_name": "function",
        "config": value,
        "registered_name": "function",
    }
