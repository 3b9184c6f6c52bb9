"""Layers models of TensorFlow.js: a config of Keras, and its weights by their names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.building import build
from tfsnn.sources.keras_model.classes import qualified
from tfsnn.sources.keras_model.keras2.migrate import migrated
from tfsnn.sources.keras_model.left_out import standing_in
from tfsnn.sources.keras_model.part import taken_part
from tfsnn.sources.keras_model.weights import finish
from tfsnn.sources.parts import Part
from tfsnn_numpy.json_text import parse_json

# What Keras 2 calls the weights that Keras 3 calls otherwise.
NAMES = {"depthwise_kernel": "kernel"}
COUNTED = re.compile(r"(_\d+)?(:\d+)?$")
UNUSED = ("count",)  # of a normalisation: how many samples it has seen
MOST_SHARED = 1000  # a scope of more equal weights tells them not apart
SHOWN = 5  # of the names in a message
# A scope of a weight's name, the last part of it, and the shape.
Key = tuple[str, str, tuple[int, ...]]


def load_layers_model(
    topology: Mapping[str, Any],
    weights: Mapping[str, np.ndarray],
    where: str,
    part: Part,
) -> keras.Model:
    """Make the model of a config of Keras 2 or 3, with weights by name.

    Args:
        topology: the ``modelTopology`` in ``model.json``.
        weights: values of the weights.
        where: the file, for messages.
        part: what of it is the network, and input shapes.

    Raises:
        ModelError: if it holds code, is damaged, has layers that Keras 3 has not, or
            layers and weights do not belong to each other.
    """
    config = _config(topology, where)
    of_keras_3 = str(topology.get("keras_version")).startswith("3")
    values = sum(value.size for value in weights.values())
    with standing_in(config, part) as known:
        whole = qualified(known) if of_keras_3 else migrated(known, where)

        def load() -> keras.Model:
            model = keras.saving.deserialize_keras_object(
                {**whole, "compile_config": None}, safe_mode=True
            )
            _assign(model, weights, where, whole=not part.cuts)
            return model

        model = build(whole, values, where, load)
    return model if part.whole else taken_part(model, part)


def _config(topology: Mapping[str, Any], where: str) -> Any:
    """Return the config of the model, which is in one of three places."""
    config = topology.get("model_config", topology)
    if not isinstance(config, str):
        return config
    try:
        return parse_json(config)
    except ValueError as error:
        raise ModelError(
            f"{where}: its model_config is no JSON ({error}): convert it again"
        ) from error


def _assign(
    model: keras.Model, stored: Mapping[str, np.ndarray], where: str, whole: bool
) -> None:
    """Give each variable of a model the weight of its name.

    Raises:
        ModelError: if variables and weights do not belong to each other.
    """
    found = _Weights(stored)
    left = dict(stored)
    for variable in model.weights:
        name = found.name(variable.path, tuple(variable.shape))
        if name not in left:
            raise ModelError(
                f"{where}: no weight is stored for {variable.path} of shape "
                f"{tuple(variable.shape)}; stored are {_some(stored)}: it is damaged "
                "or incomplete, convert it again"
            )
        variable.assign(left.pop(name))
    unused = [name for name in left if _last(name) not in UNUSED]
    if whole and unused:
        raise ModelError(
            f"{where}: {len(unused)} weights belong to no layer, {_some(unused)}: it "
            "is damaged, convert it again"
        )
    for layer in model.layers:
        finish(layer)


class _Weights:
    """The names of weights, by the scopes in them.

    Keras 2 and 3 agree about the names of layers, and not about those of cells and
    models around them.
    """

    def __init__(self, stored: Mapping[str, np.ndarray]) -> None:
        self._names: dict[Key, list[str]] = defaultdict(list)
        for name, value in stored.items():
            for scope in set(name.split("/")[:-1]):
                self._names[scope, _last(name), value.shape].append(name)

    def name(self, path: str, shape: tuple[int, ...]) -> str | None:
        """Return the name that shares most scopes with a variable; None if none does.

        Args:
            path: scopes and name of the variable.
            shape: shape of the variable.
        """
        shared: Counter[str] = Counter()
        for scope in set(path.split("/")[:-1]):
            names = self._names.get((scope, _last(path), shape), ())
            if len(names) <= MOST_SHARED:
                shared.update(names)
        best = shared.most_common(2)
        if len(best) == 2 and best[0][1] == best[1][1]:
            return path if path in shared else None
        return best[0][0] if best else None


def _last(name: str) -> str:
    last = COUNTED.sub("", name.rpartition("/")[2])
    return NAMES.get(last, last)


def _some(names: Any) -> str:
    listed = list(names)
    return ", ".join(listed[:SHOWN]) + (" ..." if len(listed) > SHOWN else "")


def is_config(document: Any) -> bool:
    """Whether JSON is a config of Keras: a network without weights."""
    return isinstance(document, Mapping) and {"class_name", "config"} <= set(document)
