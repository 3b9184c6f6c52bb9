"""Giving a model the weights that an HDF5 file stores for each of its layers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfsnn.sources.keras_model.keras2.cudnn import without_cudnn
from tfsnn.sources.keras_model.left_out import LeftOut

# The weights of a layer, with their names, in the order of the file.
Weights = Sequence[tuple[str, np.ndarray]]

TOP_LEVEL = "top_level_model_weights"
# Names that Keras 2 and 3 give to the same weights.
NAMES = {
    *("kernel", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel", "bias"),
    *("gamma", "beta", "moving_mean", "moving_variance", "embeddings", "alpha"),
    *("mean", "variance", "count"),
}
RENAMED = {"depthwise_kernel": "kernel"}  # of depthwise convolutions


def assign(model: keras.Model, stored: Mapping[str, Weights]) -> None:
    """Give each layer of a model the weights stored under its name.

    Raises:
        ValueError: if layers and weights do not belong to each other.
    """
    layers = {layer.name: layer for layer in model.layers}
    for name, weights in stored.items():
        if isinstance(layers.get(name), LeftOut):
            continue
        if name in layers:
            _assign(name, layers[name].weights, weights)
        elif name == TOP_LEVEL:
            inner = {id(each) for layer in model.layers for each in layer.weights}
            own = [each for each in model.weights if id(each) not in inner]
            _assign("the model", own, weights)
        elif weights:
            raise ValueError(f"weights are stored for {name}, which is no layer")
    if missing := [
        name for name, layer in layers.items() if layer.weights and not stored.get(name)
    ]:
        raise ValueError(f"no weights are stored for {', '.join(missing)}")
    for layer in layers.values():
        finish(layer)


def finish(layer: Any) -> None:
    """Let layers that compute something of their weights do so."""
    inner = layer.layers if isinstance(layer, keras.Model) else [layer]
    for each in inner:
        if each is not layer:
            finish(each)
        elif hasattr(each, "finalize_state"):
            each.finalize_state()


def _assign(name: str, variables: Sequence[Any], weights: Weights) -> None:
    weights = without_cudnn(weights)
    for ordered in (_trainable_first(variables), variables):
        if _matches(ordered, weights):
            for variable, (_, value) in zip(ordered, weights, strict=True):
                variable.assign(value)
            return
    expected = ", ".join(f"{each.name} {tuple(each.shape)}" for each in variables)
    received = ", ".join(f"{key} {value.shape}" for key, value in weights)
    raise ValueError(
        f"{name} has the weights [{expected}], and those stored are [{received}]"
    )


def _trainable_first(variables: Sequence[Any]) -> list[Any]:
    """The order in which Keras stores them; in Keras before 2.3 by layer."""
    return sorted(variables, key=lambda variable: not variable.trainable)


def _matches(variables: Sequence[Any], weights: Weights) -> bool:
    """Whether variables have the shapes of weights, and the names where known."""
    if len(variables) != len(weights):
        return False
    for variable, (name, value) in zip(variables, weights, strict=True):
        last = re.sub(r"(_\d+)?(:\d+)?$", "", name.rpartition("/")[2])
        known = {variable.name, last} <= NAMES
        same = variable.name in (last, RENAMED.get(last))
        if tuple(variable.shape) != value.shape or (known and not same):
            return False
    return True
