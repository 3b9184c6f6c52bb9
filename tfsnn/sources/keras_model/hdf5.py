"""Models in HDF5: a config as an attribute, and a group of weights for each layer."""

from __future__ import annotations

from typing import Any

import h5py
import keras
import numpy as np

from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.building import build
from tfsnn.sources.keras_model.classes import qualified
from tfsnn.sources.keras_model.contents import config_of_hdf5, count_values
from tfsnn.sources.keras_model.keras2.migrate import migrated
from tfsnn.sources.keras_model.left_out import standing_in
from tfsnn.sources.keras_model.weights import Weights, assign
from tfsnn.sources.parts import WHOLE, Part

WEIGHTS_ONLY = (
    "holds weights alone, and no network: run the code that made the model, "
    "model.load_weights(this file), then convert it in Python (tfsnn.convert), or "
    "save it whole (model.save) and open that"
)
TOP_LEVEL = "top_level_model_weights"


def load_hdf5(stored: h5py.File, where: str, part: Part = WHOLE) -> keras.Model:
    """Load a model of Keras 2 or 3 from an open HDF5 file, also one in memory.

    It is laid out as Keras writes ``.h5``: the attribute ``model_config`` is JSON,
    ``keras_version`` says which Keras wrote it (Keras 2, if it is missing); the group
    ``model_weights`` has the attribute ``layer_names`` and a group for each of these
    layers, with the attribute ``weight_names`` and a dataset for each weight.

    Args:
        stored: the file, open for reading.
        where: what it is called in messages.
        part: what of it is wanted; layers that it may leave out need not be known.

    Raises:
        ModelError: if it holds weights alone, holds code, is damaged, or has layers
            that Keras 3 has not.
    """
    try:
        values, config = count_values(stored), config_of_hdf5(stored)
        of_keras_3 = _version(stored).startswith("3")
        weights = {} if config is None else _weights(stored)
    # RuntimeError and KeyError: what h5py says of a damaged file.
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(
            f"{where}: cannot be read as a Keras model ({error}): save it again"
        ) from error
    if config is None:
        raise ModelError(f"{where}: {WEIGHTS_ONLY}")
    with standing_in(config, part) as known:
        whole = qualified(known) if of_keras_3 else migrated(known, where)

        def load() -> keras.Model:
            model = keras.saving.deserialize_keras_object(
                {**whole, "compile_config": None}, safe_mode=True
            )
            assign(model, weights)
            return model

        return build(whole, values, where, load)


def _version(stored: h5py.File) -> str:
    group = stored.get("model_weights", stored)
    version = stored.attrs.get("keras_version", group.attrs.get("keras_version", ""))
    return _text(version)


def _weights(stored: h5py.File) -> dict[str, Weights]:
    """Read the weights of each layer, by their names, in the order of the file."""
    group = _group(stored, "model_weights")
    names = _texts(group, "layer_names")
    if TOP_LEVEL in group:
        names.append(TOP_LEVEL)
    return {name: _weights_of(_group(group, name)) for name in names}


def _weights_of(group: h5py.Group) -> Weights:
    found = []
    for name in _texts(group, "weight_names"):
        dataset = group[name]
        if not isinstance(dataset, h5py.Dataset):
            raise ValueError(f"{group.name}/{name} holds no values")
        found.append((name, np.asarray(dataset)))
    return found


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    group = parent.get(name)
    if not isinstance(group, h5py.Group):
        raise ValueError(f"it has no group {name}")
    return group


def _texts(group: h5py.Group, name: str) -> list[str]:
    """Read an attribute that is a list of names; a long one is stored in parts."""
    if name in group.attrs:
        return [_text(item) for item in np.atleast_1d(group.attrs[name])]
    found: list[str] = []
    while (part := f"{name}{len(found)}") in group.attrs:
        found.append(part)
    return [_text(item) for part in found for item in np.atleast_1d(group.attrs[part])]


def _text(value: Any) -> str:
    return value.decode("utf8") if isinstance(value, bytes) else str(value)
