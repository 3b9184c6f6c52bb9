"""Forward passes of the ANN on samples as :func:`tfsnn.open_data` gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tfsnn.network.traced import traced
from tfsnn.sources.keras_model.scopes import are_scopes
from tfsnn.sources.keras_model.structure import input_arranger, listed_outputs


def all_outputs(model: keras.Model) -> Callable[[Any], list[Any]]:
    """Compile a model as a function from samples ``(B, ...)`` to a list of outputs.

    Several inputs are a dict by name; the outputs are always a list, in their order.
    Where names are none of TensorFlow's scopes, the function is not compiled.
    """
    arrange = input_arranger(model) if len(model.inputs) > 1 else None

    def forward(x: Any) -> list[Any]:
        return listed_outputs(model(arrange(x) if arrange else x, training=False))

    return traced(forward) if are_scopes(model) else forward
