"""The input shape of a Sequential model of Keras 2 that has no InputLayer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEYS = ("batch_input_shape", "batch_shape")


def input_shape(stored: Mapping[str, Any]) -> tuple[list[int | None] | None, str]:
    """Return the shape of a model's input with the batch axis, and its dtype.

    It is stated by the first layer, be that in a model or wrapper itself, or by what
    the model was built with; None if it is nowhere.

    Args:
        stored: the class and config of a Sequential model.
    """
    config = stored["config"]
    listed = config if isinstance(config, list) else config["layers"]
    shape, dtype = _stated(listed[0]) if listed else (None, "float32")
    for built in (config, stored.get("build_config")):
        if shape is None and isinstance(built, Mapping):
            shape = built.get("build_input_shape", built.get("input_shape"))
    return shape, dtype


def _stated(stored: Mapping[str, Any]) -> tuple[list[int | None] | None, str]:
    """Return the shape that a first layer states, and the dtype of its inputs."""
    config = stored["config"]
    if stored["class_name"] == "Sequential":
        return input_shape(stored)
    if "input_layers" in config:
        inputs = [
            layer for layer in config["layers"] if layer["class_name"] == "InputLayer"
        ]
        return _stated(inputs[0]) if len(inputs) == 1 else (None, "float32")
    dtype = config.get("dtype")
    if stored["class_name"] == "Embedding" or not isinstance(dtype, str):
        dtype = "float32"
    for key in KEYS:
        if config.get(key):
            return config[key], dtype
    if stored["class_name"] == "Embedding":
        length = config.get("input_length")
        lengths = length if isinstance(length, list) else [length]
        return [None, *lengths], dtype
    return None, dtype
