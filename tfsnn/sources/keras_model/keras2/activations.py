"""Activations in configs of Keras 2, and the one that Keras 3 computes otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

HARD_SIGMOID = "tfsnn>keras2_hard_sigmoid"


@keras.saving.register_keras_serializable(package="tfsnn")
def keras2_hard_sigmoid(x: Any) -> Any:
    """Compute min(max(0.2 x + 0.5, 0), 1), the hard sigmoid of Keras 2.

    That of Keras 3 has the slope 1/6.
    """
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


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
    return {
        "module": "builtins",
        "class_name": "function",
        "config": value,
        "registered_name": "function",
    }
