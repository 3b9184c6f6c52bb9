"""What a Keras model's last layers say of its outputs, without its graph."""

from __future__ import annotations

from typing import Any

import keras

from tfsnn.sources.keras_model.config import references
from tfsnn.sources.keras_model.structure import config_of, listed_outputs, output_keys
from tfsnn_numpy.tasks import Output

HEADS = {"Softmax": "softmax", "UnitNormalization": "unit_norm"}
SHAPES = ("Reshape", "Flatten")  # layers that leave values as they are


def known_outputs(model: keras.Model) -> tuple[Output, ...]:
    """Return the outputs of a Functional or Sequential model, in order.

    They have the keys of a dict of outputs as names, else the names of their layers.
    The head is the activation of the layer that gives an output.
    """
    alone = isinstance(model, keras.Sequential)
    tensors = model.outputs if alone else listed_outputs(model.output)
    layers = _last_layers(model, len(tensors))
    keys = output_keys(model)
    names = [layer.name for layer in layers] if isinstance(keys, bool) else [*keys]
    if len(names) != len(tensors) or len(set(names)) < len(tensors):
        names = [str(number) for number in range(len(tensors))]
    shapes = {tuple(x.shape[1:]) for x in model.inputs}
    return tuple(
        Output(name, shape := tuple(x.shape[1:]), _head(layer), shape in shapes)
        for name, x, layer in zip(names, tensors, layers, strict=True)
    )


def _last_layers(model: keras.Model, count: int) -> list[keras.Layer]:
    if isinstance(model, keras.Sequential):
        layers = [each for each in model.layers if type(each).__name__ not in SHAPES]
        return [(layers or model.layers)[-1]] * count
    names = [name for name, *_ in references(config_of(model)["output_layers"])]
    return [model.get_layer(name) for name in names]


def _head(layer: keras.Layer) -> str:
    if isinstance(layer, keras.Model) and layer.layers:
        return _head(layer.layers[-1])
    activation: Any = getattr(layer, "activation", None)
    name = HEADS.get(type(layer).__name__) or getattr(activation, "__name__", None)
    return name or "linear"
