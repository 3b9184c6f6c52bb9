"""Forward passes of the ANN on samples as :func:`tfsnn.open_data` gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfsnn.sources.keras_model.walk import input_arranger


def all_outputs(model: keras.Model) -> Callable[[Any], list[Any]]:
    """Compile a model as a function from samples ``(B, ...)`` to a list of outputs.

    Several inputs are a dict by name; the outputs are always a list, in their order.
    """
    return tf.function(_called(model), autograph=False, reduce_retracing=True)


def first_output(model: keras.Model) -> Callable[[Any], Any]:
    """Compile a model as a function from samples ``(B, ...)`` to its first output."""
    call = _called(model)
    return tf.function(lambda x: call(x)[0], autograph=False)


def _called(model: keras.Model) -> Callable[[Any], list[Any]]:
    arrange = input_arranger(model) if len(model.inputs) > 1 else None
    return lambda x: _flat(model(arrange(x) if arrange else x, training=False))


def _flat(outputs: Any) -> list[Any]:
    """Flatten outputs in their order (``tf.nest`` would sort the keys of a dict)."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if isinstance(outputs, list | tuple):
        return [leaf for part in outputs for leaf in _flat(part)]
    return [outputs]
