"""Checks of what a spiking model is fed: inputs by name, of the right shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import DataError
from tfsnn.network.graph import Graph


def checked_feed(graph: Graph, x: Any) -> dict[str, Any]:
    """Return the inputs by name, as float32 ``(B, *shape)``.

    Args:
        graph: the graph whose inputs they are.
        x: the only input, or of several a list in order or a dict by name.

    Raises:
        DataError: for other inputs, or other shapes.
    """
    try:
        feed = graph.feed(x)
    except (KeyError, ValueError):
        raise DataError(
            f"the inputs are not {', '.join(graph.inputs)}: give a list in that order, "
            "or a dict by name"
        ) from None
    checked = {}
    for name, shape in graph.inputs.items():
        values = tf.cast(tf.convert_to_tensor(feed[name]), tf.float32)
        if tuple(values.shape[1:]) != shape:
            raise DataError(
                f"the input {name} has shape {tuple(values.shape)}; expected (B, "
                f"{', '.join(map(str, shape))})"
            )
        checked[name] = values
    return checked


def input_spec(inputs: Mapping[str, tuple[int, ...]]) -> Any:
    """Return the input spec that Keras checks: None for several inputs."""
    if len(inputs) > 1:
        return None
    (shape,) = inputs.values()
    return keras.layers.InputSpec(shape=(None, *shape))
