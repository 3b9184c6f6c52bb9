"""Count what the variables of a model take, before there are any.

A config of a few bytes can state layers that no memory holds, and Keras makes their
variables before it looks for their values.
"""

from __future__ import annotations

import copy
import math
import threading
from typing import Any

import keras

STRUCTURES = {
    "Sequential": keras.Sequential,
    "Functional": keras.Model,
    "Model": keras.Model,  # the Functional of Keras 2
}


# What Keras says where counting is not possible: of layers that make a variable of
# values, and of classes that are registered for this thread alone.
IMPOSSIBLE = ("stateless scope", "Could not locate")


def variables_of(config: Any) -> int | None:
    """Return the number of values of all variables of a Keras model.

    None where only loading it can tell.

    Args:
        config: the model's config, as it is saved.

    Raises:
        Exception: what the constructors of the saved classes raise.
    """
    found: list[int] = []
    failed: list[Exception] = []
    # Keras remembers variables without values, by thread.
    counting = threading.Thread(target=_count, args=(config, found, failed))
    counting.start()
    counting.join()
    if not failed:
        return found[0]
    if any(text in str(failed[0]) for text in IMPOSSIBLE):
        return None
    raise failed[0]


def _count(config: Any, found: list[int], failed: list[Exception]) -> None:
    try:
        with keras.StatelessScope(initialize_variables=False):
            # Keras empties the dicts that it reads.
            model = _made({**copy.deepcopy(config), "compile_config": None})
        found.append(sum(math.prod(variable.shape) for variable in model.variables))
    except Exception as error:  # handed to the other thread, as it is
        failed.append(error)


def _made(config: Any) -> keras.Model:
    if "module" in config:
        return keras.saving.deserialize_keras_object(config)
    return STRUCTURES[config["class_name"]].from_config(config["config"])
