"""Keras models of spiking layers (:mod:`tfsnn.layers`), as spiking graphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from tfsnn.errors import ModelError
from tfsnn.network.graph import Graph
from tfsnn.sources.handlers.over_time import (
    ENCODERS,
    SPIKING_LAYERS,
    WRAPPERS,
    Translation,
)
from tfsnn.sources.keras_model.walk import Walk


def import_layers(model: keras.Model) -> tuple[Graph, int]:
    """Translate a model of spiking layers into a spiking graph; return it and its T.

    Thresholds are 1 in it, and nothing is simplified yet. Its inputs are constant
    currents, and its outputs means over time.

    Raises:
        ModelError: if the model is of another form, weights are not finite, it has no
            spiking layers, or encoders of different numbers of steps.
        UnsupportedError: if layers cannot be translated; it names them all.
    """
    translation = Translation()
    graph = Walk(translation).graph(model)
    if not any(node.spikes for node in graph):
        raise ModelError(
            f"{model.name}: it has no spiking layers: convert it (tfsnn.convert), with "
            "calibration data"
        )
    found = translation.timesteps
    if len(set(found.values())) > 1:
        raise ModelError(
            f"{model.name}: its encoders have different numbers of steps ("
            f"{', '.join(f'{name}: {steps}' for name, steps in found.items())}): give "
            "all the same"
        )
    return graph, translation.steps


def has_spiking_layers(model: keras.Model) -> bool:
    """Return whether a model has layers of :mod:`tfsnn.layers` that run over time."""
    kinds = (*ENCODERS, *SPIKING_LAYERS)
    return any(isinstance(layer, kinds) for layer in _layers(model))


def _layers(layer: Any) -> Iterator[Any]:
    """Yield a layer, and those inside it where it is a model or wraps one."""
    yield layer
    inside = layer.layers if isinstance(layer, keras.Model) else ()
    if isinstance(layer, WRAPPERS):
        inside = (layer.layer,)
    for each in inside:
        yield from _layers(each)
