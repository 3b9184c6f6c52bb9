"""Models in models: how a call hands inputs in, and in which order outputs come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import keras

from tfsnn.sources.keras_model.config import Reference, references
from tfsnn.sources.keras_model.structure import config_of

T = TypeVar("T")


def nested_inputs(
    model: keras.Model, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[Any]:
    """Return the arguments of a nested model's call, in the order of its inputs."""
    structure = config_of(model)["input_layers"]
    if isinstance(structure, Mapping) and args and isinstance(args[0], Mapping):
        return [args[0][key] for key in structure]
    # Keras passes masks of earlier layers on as arguments; they are not inputs.
    given = [kwargs[name] for name in kwargs if name not in ("mask", "training")]
    leaves = keras.tree.flatten([list(args), given])
    return [leaf for leaf in leaves if leaf is not None]


def in_key_order(model: keras.Model, outputs: Sequence[T]) -> list[T]:
    """Return a nested model's outputs as Keras counts them, by their keys' order."""
    structure = config_of(model)["output_layers"]
    if not isinstance(structure, Mapping):
        return list(outputs)
    by_key = dict(zip(structure, outputs, strict=True))
    return [by_key[key] for key in sorted(by_key)]


def output_references(model: keras.Model, config: Mapping[str, Any]) -> list[Reference]:
    """Return the calls that a model's outputs are from, as its inner calls count."""
    operations = {op.name: op for op in model.operations}
    return [
        (name, call - _counts_from_one(operations[name]), i)
        for name, call, i in references(config["output_layers"])
    ]


def _counts_from_one(operation: Any) -> bool:
    """Whether the config's output layers count the calls of this operation from 1.

    Keras does so for a Functional model in a model; in arguments it counts from 0.
    """
    sequential = isinstance(operation, keras.Sequential)
    return isinstance(operation, keras.Model) and not sequential
