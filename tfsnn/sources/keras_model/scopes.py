"""Names of users, where TensorFlow makes scopes of a graph of them.

Keras opens a scope by the name of each model and layer that it calls. In a graph,
TensorFlow takes only some characters; in eager mode, and in the other backends of
Keras, a name may be anything, such as "x y" or "modèle".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from tfsnn.sources.keras_model.structure import config_of
from tfsnn_numpy.digest import Digest

OTHERS = re.compile(r"[^A-Za-z0-9_.>-]")


def scope_name(name: str) -> str:
    """Return a name that TensorFlow takes for a scope, one for each name.

    It is the name itself where that is possible.
    """
    cleaned = OTHERS.sub("_", name)
    if cleaned == name and name[:1].isalnum():
        return name
    return f"n{cleaned}_{Digest(name).hex()[:8]}"


def are_scopes(model: keras.Model) -> bool:
    """Whether TensorFlow takes the names of a model and all its layers as scopes."""
    return all(scope_name(name) == name for name in _names(config_of(model)))


def _names(config: Any) -> Iterator[str]:
    """Yield the names in a config, those of layers within layers too."""
    if isinstance(config, Mapping):
        name = config.get("name")
        if isinstance(name, str):
            yield name
        config = list(config.values())
    if isinstance(config, list | tuple):
        for item in config:
            yield from _names(item)


class NamedFreely(keras.Model):
    """A Keras model whose name need not be one that TensorFlow takes for a scope."""

    def _open_name_scope(self) -> Any:
        """Open the scope of a call; a part of Keras' own ``__call__``."""
        return keras.name_scope(scope_name(self.name), caller=self)
