"""How a Keras model arranges its inputs and outputs: alone, in a list, or in a dict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.config import references

# The arrangement of outputs: False for one alone, True for a list, or the keys of a
# dict.
OutputKeys = Sequence[str] | bool


def functional(model: keras.Model, where: str) -> keras.Model:
    """Return the model as Functional, over the same layers.

    Args:
        model: Functional or Sequential; or a subclass that only trains in another way.
        where: what it is called in messages.

    Raises:
        ModelError: for a subclass that computes something else in its own ``call``, and
            for a Sequential model that is not built.
    """
    graph_like = keras.Model(*[keras.Input((1,))] * 2)
    if isinstance(model, keras.Sequential) and type(model) is keras.Sequential:
        if not model.built or not model.layers:
            raise ModelError(
                f"{where} ({model.name}) has no input shape: give it an Input layer"
            )
        return keras.Model(model.inputs, model.outputs)
    own = type(graph_like)
    if not isinstance(model, own) or type(model).call is not own.call:
        raise ModelError(
            f"{where} ({model.name}) is a {type(model).__name__}, whose structure is "
            "Python code: rebuild it as a Functional or Sequential model"
        )
    if type(model) is not own:
        return keras.Model(model.input, model.output, name=model.name)
    return model


def config_of(model: keras.Model) -> dict[str, Any]:
    """Return the model's config, in which its connections are.

    Raises:
        ModelError: if one of its layers cannot tell its own.
    """
    try:
        return model.get_config()
    except (NotImplementedError, TypeError) as error:  # TypeError of what is no JSON
        raise ModelError(
            f"{model.name}: the connections of its layers are read from their configs, "
            f"and one has none ({str(error).strip().splitlines()[0]}): give that layer "
            "a get_config(), an operation numbers in place of arrays, and in place of "
            "an activation by functools.partial take a layer, such as LeakyReLU"
        ) from error


def input_names(model: keras.Model) -> list[str]:
    """Return the names of a Functional model's input layers, in order.

    Not those of its tensors, which are others after the model is saved and loaded, and
    in another order where the inputs are a dict.
    """
    return [name for name, *_ in references(config_of(model)["input_layers"])]


def input_arranger(model: keras.Model) -> Callable[[Any], Any]:
    """Return a function from inputs by name to the structure that the model takes.

    The only input of a model, not in a mapping, is passed on as it is.
    """
    whole = functional(model, "the model")
    structure = config_of(whole)["input_layers"]
    names = input_names(whole)

    def arrange(feed: Any) -> Any:
        if not isinstance(feed, Mapping):
            return feed
        values = [feed[name] for name in names]
        if isinstance(structure, Mapping):
            return dict(zip(structure, values, strict=True))
        return values

    return arrange


def output_keys(model: keras.Model) -> list[str] | bool:
    """Return how the model arranges its outputs (:data:`OutputKeys`)."""
    if isinstance(model, keras.Sequential):
        return False
    outputs = model.output
    if isinstance(outputs, dict):
        return list(outputs)
    return isinstance(outputs, list | tuple)


def outputs_nest(model: keras.Model) -> bool:
    """Whether an output of the model is itself a list or a dict."""
    keys = output_keys(model)
    if keys is False:
        return False
    outputs: Any = model.output
    parts = outputs if keys is True else outputs.values()
    return any(isinstance(part, dict | list | tuple) for part in parts)


def listed_outputs(outputs: Any) -> list[Any]:
    """Return a model's outputs as a list, in order: ``tf.nest`` sorts keys of dicts."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if isinstance(outputs, list | tuple):
        return [leaf for part in outputs for leaf in listed_outputs(part)]
    return [outputs]


def arranged_outputs(keys: OutputKeys, outputs: list[Any]) -> Any:
    """Return a list of outputs as the model arranges them."""
    if keys is True:
        return outputs
    if keys is False:
        return outputs[0]
    return dict(zip(keys, outputs, strict=True))


def output_columns(keys: OutputKeys, outputs: Sequence[Any]) -> dict[str, Any]:
    """Return outputs by the names that they have in files of results.

    ``outputs``, or ``outputs_NAME`` where there are several, by key or number.
    """
    if keys is False:
        return {"outputs": outputs[0]}
    names: Any = range(len(outputs)) if keys is True else keys
    return {
        f"outputs_{str(name).replace('/', '.')}": values
        for name, values in zip(names, outputs, strict=True)
    }
