"""Forward passes of the ANN on samples as :func:`tfsnn.open_data` gives them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfsnn.network.traced import traced
from tfsnn.sources.keras_model.scopes import are_scopes
from tfsnn.sources.keras_model.structure import (
    config_of,
    input_arranger,
    listed_outputs,
)
from tfsnn.sources.keras_model.walk import import_model


def all_outputs(model: keras.Model) -> Callable[[Any], list[Any]]:
    """Compile a model as a function from samples ``(B, ...)`` to a list of outputs.

    Several inputs are a dict by name; the outputs are always a list, in their order.
    Where names are none of TensorFlow's scopes, the function is not compiled. A model
    in ``channels_first`` is computed by its graph where TensorFlow cannot.

    Raises:
        UnsupportedError: if that model cannot be converted.
    """
    types = {operation.compute_dtype for operation in _all_layers(model)}
    if _in_channels_first(config_of(model)) and not all(map(convolves_first, types)):
        graph = import_model(model)

        def by_nodes(x: Any) -> list[Any]:
            to_float = functools.partial(tf.cast, dtype=tf.float32)
            values = graph.forward(tf.nest.map_structure(to_float, x))
            return [values[name] for name in graph.outputs]

        return traced(by_nodes)
    arrange = input_arranger(model) if len(model.inputs) > 1 else None

    def forward(x: Any) -> list[Any]:
        return listed_outputs(model(arrange(x) if arrange else x, training=False))

    return traced(forward) if are_scopes(model) else forward


@functools.cache
def convolves_first(dtype: str) -> bool:
    """Whether TensorFlow convolves with the channels first here, in a type of numbers.

    On a processor it does so with oneDNN alone, and not in every type on each.
    """
    x, kernel = (tf.zeros(shape, dtype) for shape in ((1, 1, 2, 2), (1, 1, 1, 1)))
    try:
        tf.nn.conv2d(x, kernel, 1, "VALID", data_format="NCHW")
    except tf.errors.UnimplementedError:
        return False
    return True


def _all_layers(model: keras.Model) -> Iterator[keras.Layer]:
    """Yield the layers of a model, and of models in it."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)


def _in_channels_first(config: Any) -> bool:
    """Whether a layer in a config, or in a layer of it, has its channels first."""
    if isinstance(config, Mapping):
        first = config.get("data_format") == "channels_first"
        return first or any(map(_in_channels_first, config.values()))
    return isinstance(config, list | tuple) and any(map(_in_channels_first, config))
