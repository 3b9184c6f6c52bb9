"""Read the fields of a node from its config, each of the type that its kind states."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np

from tfsnn.errors import ModelError
from tfsnn_numpy.json_text import LARGEST, mismatch

WAY_OUT = "convert again, or copy the file again"


class Config(TypedDict):
    """What every node's config has."""

    kind: str
    name: str


def read_fields(
    config: Any, kinds: Mapping[str, type[Any]]
) -> tuple[type[Any], dict[str, Any]]:
    """Return the class and the fields of a node, with arrays of zeros.

    Args:
        config: the node's config.
        kinds: the classes that are known, by name.

    Raises:
        ModelError: for a kind that is not known, and fields that cannot be.
    """
    if found := mismatch(config, Config):
        raise ModelError(f"a node of this model is damaged: {found}; {WAY_OUT}")
    known = kinds.get(config["kind"])
    if known is None:
        raise ModelError(
            f"the node {config['name']} is a {config['kind']}, a kind that is not "
            "known here: import the module that defines it before loading the "
            "model, or install the version of tfsnn that wrote the file"
        )
    fields = {k: _from_json(value) for k, value in config.items() if k != "kind"}
    if found := mismatch(fields, known, config["name"]):
        raise ModelError(f"a node of this model is damaged: {found}; {WAY_OUT}")
    return known, fields


def _from_json(value: Any) -> Any:
    if isinstance(value, Mapping) and set(value) == {"array"}:
        return _zeros(value["array"])
    if isinstance(value, Mapping):
        return {key: _from_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_from_json(item) for item in value)
    return value


def _zeros(shape: Any) -> np.ndarray:
    """Return zeros of a shape that a file states; they take no memory."""
    found = mismatch(shape, tuple[int, ...], "the shape of an array")
    if found or min(shape, default=1) < 0 or math.prod(shape) > LARGEST:
        raise ModelError(found or f"there can be no array of shape {tuple(shape)}")
    return np.broadcast_to(np.float32(0), tuple(shape))


def is_trained(node: Any, name: str) -> bool:
    """Return whether training changes a node's array: whether it is a weight."""
    return any(
        f.name == name and f.metadata.get("trained") for f in dataclasses.fields(node)
    )
