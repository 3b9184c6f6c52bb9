"""Where Keras 3 keeps the classes of layers and operations, by their bare names.

HDF5 files name a class alone; a ``.keras`` file of Keras 3 also names its module.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import keras

FUNCTIONAL = "keras.src.models.functional"  # what Keras itself writes
MODELS = {"Sequential": "keras", "Functional": FUNCTIONAL}


def module_of(kind: str) -> str | None:
    """Return the module of a layer, model or operation of Keras; None if it has none.

    Args:
        kind: the name of the class.
    """
    if kind in MODELS:
        return MODELS[kind]
    if inspect.isclass(getattr(keras.layers, kind, None)):
        return "keras.layers"
    return operations().get(kind)


@functools.cache
def operations() -> Mapping[str, str]:
    """The module of each operation of ``keras.ops``, by the name of its class."""
    rooms = (keras.ops, keras.ops.image, keras.ops.nn, keras.ops.numpy)
    functions = (each for room in rooms for each in vars(room).values())
    modules = {
        inspect.getmodule(each) for each in functions if inspect.isfunction(each)
    }
    return {
        name: found.__module__
        for module in modules
        for name, found in vars(module).items()
        if inspect.isclass(found)
        and issubclass(found, keras.Operation)
        and not issubclass(found, keras.Layer)
    }


def registered(kind: str) -> Mapping[str, Any] | None:
    """Return how a config names a class of the user's own; None if there is none.

    Args:
        kind: the name of the class, or the one that it is registered under.
    """
    found = keras.saving.get_registered_object(kind)
    if not inspect.isclass(found):
        return None
    return {
        "module": found.__module__,
        "class_name": found.__name__,
        "registered_name": kind,
    }


def qualified(config: Any) -> Any:
    """Return the config of an HDF5 file of Keras 3, with the module of each class."""
    if isinstance(config, list | tuple):
        return [qualified(item) for item in config]
    if not isinstance(config, Mapping):
        return config
    inner = {key: qualified(item) for key, item in config.items()}
    kind = config.get("class_name")
    if "module" in config or not isinstance(kind, str) or "config" not in config:
        return inner
    if own := registered(kind):
        return {**inner, **own}
    of_layer = isinstance(config["config"], Mapping) and "trainable" in config["config"]
    module = None if of_layer else operations().get(kind)
    if module := module or module_of(kind):
        name = None if module in ("keras", "keras.layers") else kind
        return {**inner, "module": module, "registered_name": name}
    return inner
