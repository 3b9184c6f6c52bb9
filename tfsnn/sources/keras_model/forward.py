"""Forward passes of the ANN on samples as :func:`tfsnn.open_data` gives them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
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
    if _in_channels_first(config_of(model)) and not runs_channels_first():
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
def runs_channels_first() -> bool:
    """Whether TensorFlow convolves with the channels first on this machine.

    On a processor it does so with oneDNN alone.
    """
    x = tf.zeros((1, 1, 2, 2))
    try:
        tf.nn.conv2d(x, tf.zeros((1, 1, 1, 1)), 1, "VALID", data_format="NCHW")
    except tf.errors.UnimplementedError:
        return False
    return True


def _in_channels_first(config: Any) -> bool:
    """Whether a layer in a config, or in a layer of it, has its channels first."""
    if isinstance(config, Mapping):
        first = config.get("data_format") == "channels_first"
        return first or any(map(_in_channels_first, config.values()))
    return isinstance(config, list | tuple) and any(map(_in_channels_first, config))
