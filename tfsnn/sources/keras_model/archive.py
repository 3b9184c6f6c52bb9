"""Loading ``.keras`` files of Keras 2, whose weights lie by the layers' attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from tfsnn.sources.keras_model.building import build
from tfsnn.sources.keras_model.contents import Archive, open_weights
from tfsnn.sources.keras_model.keras2.migrate import migrated
from tfsnn.sources.keras_model.left_out import LeftOut, standing_in
from tfsnn.sources.keras_model.weights import finish
from tfsnn.sources.parts import WHOLE, Part

# Where Keras 2 keeps the layers of a model.
LAYERS = ("layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables")


def load_archive(path: Path, archive: Archive, part: Part = WHOLE) -> keras.Model:
    """Load a ``.keras`` file that Keras 2 wrote.

    Raises:
        ModelError: if it holds code, is damaged, or has layers that Keras 3 has not.
    """
    with standing_in(archive.config, part) as known:
        whole = migrated(known, str(path))

        def load() -> keras.Model:
            model = keras.saving.deserialize_keras_object(
                {**whole, "compile_config": None}, safe_mode=True
            )
            left = {id(variable): variable for variable in model.weights}
            with open_weights(path) as stored:
                _assign(model, archive.config["config"], stored, left)
            if left:
                names = ", ".join(variable.path for variable in left.values())
                raise ValueError(f"no weights are stored for {names}")
            finish(model)
            return model

        return build(whole, archive.values, str(path), load)


def _assign(layer: Any, config: Any, stored: h5py.Group, left: dict[int, Any]) -> None:
    """Give a layer, and those within it, the weights in a group.

    Args:
        layer: a layer or model of Keras 3.
        config: its config in Keras 2.
        stored: the group.
        left: the variables without weights so far, by identity.

    Raises:
        ValueError: if layers and weights do not belong to each other.
    """
    if isinstance(layer, LeftOut):
        return
    for name, group in stored.items():
        if not _holds_values(group):
            continue
        if name == "vars":
            _assign_own(layer, group, left)
        elif name in LAYERS or isinstance(getattr(layer, name, None), list):
            model = name in LAYERS
            layers = layer.layers if model else getattr(layer, name)
            inner = _by_class(layers, config["layers" if model else name])
            for key, part in group.items():
                if _holds_values(part):
                    each, its_config = inner[key]
                    _assign(each, its_config, part, left)
        else:
            inner_config = config.get(name)
            if not isinstance(inner_config, Mapping):
                inner_config = {}
            part = getattr(layer, name)
            _assign(part, inner_config.get("config", {}), group, left)


def _holds_values(group: Any) -> bool:
    if isinstance(group, h5py.Dataset):
        return True
    return any(map(_holds_values, group.values()))


def _by_class(
    layers: Sequence[Any], configs: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[Any, Any]]:
    """The layers of a list with their configs, by the names of their groups.

    Keras 2 names them by their class in Keras 2, and numbers those of one class.
    """
    found: dict[str, tuple[Any, Any]] = {}
    named = {layer.name: layer for layer in layers}
    counted: dict[str, int] = {}
    for stored in configs:
        name = stored["config"].get("name", stored.get("name"))
        kind = _snake_case(stored["class_name"].rpartition(">")[2])
        number = counted.get(kind, 0)
        counted[kind] = number + 1
        key = f"{kind}_{number}" if number else kind
        if name in named:
            found[key] = named[name], stored["config"]
    return found


def _snake_case(name: str) -> str:
    """Return a class's name as Keras 2 writes it with underscores."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _assign_own(layer: Any, group: h5py.Group, left: dict[int, Any]) -> None:
    values = [np.asarray(group[str(i)]) for i in range(len(group))]
    variables = _own(layer)
    if [tuple(each.shape) for each in variables] != [each.shape for each in values]:
        expected = ", ".join(f"{each.name} {tuple(each.shape)}" for each in variables)
        received = ", ".join(str(value.shape) for value in values)
        raise ValueError(
            f"{layer.name} has the weights [{expected}], and those stored have the "
            f"shapes [{received}]"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
        left.pop(id(variable), None)


def _own(layer: Any) -> Sequence[Any]:
    """The variables of a layer itself, trainable ones first."""
    inner = {id(each) for part in _parts(layer) for each in part.weights}
    return [each for each in layer.weights if id(each) not in inner]


def _parts(layer: Any) -> list[Any]:
    """The layers within a layer."""
    found = []
    for value in vars(layer).values():
        items = value if isinstance(value, list | tuple) else [value]
        found += [item for item in items if isinstance(item, keras.Layer)]
    return [part for part in found if part is not layer]
