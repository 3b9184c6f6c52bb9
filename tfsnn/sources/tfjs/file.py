"""Reading ``model.json`` of TensorFlow.js as data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from tfsnn.errors import ModelError
from tfsnn.sources.parts import WHOLE, Part
from tfsnn.sources.saved_model.building import build, model_name, naming
from tfsnn.sources.tfjs.graph_model import frozen_of_json
from tfsnn.sources.tfjs.layers_model import is_config, load_layers_model
from tfsnn.sources.tfjs.manifest import read_weights
from tfsnn_numpy.json_text import read_json

FILE = "model.json"
TOPOLOGY, MANIFEST = "modelTopology", "weightsManifest"


def load_tfjs(path: Path, part: Part = WHOLE) -> keras.Model:
    """Load a model of TensorFlow.js, a layers model or a graph model.

    Nothing in it is run as code.

    Args:
        path: ``model.json``, whatever it is called, beside its files of weights.
        part: what of it is the network, and input shapes.

    Raises:
        ModelError: if the file or its weights are damaged, incomplete or of another
            kind, or it has no such layer or operation.
        UnsupportedError: if operations of a graph model cannot be rebuilt; it names
            them all.
    """
    with naming(path):
        model = _read(path)
        weights = read_weights(path.parent, model[MANIFEST])
        if _is_graph(model):
            named = path.resolve().parent if path.name == FILE else path
            return build(frozen_of_json(model, weights, part), model_name(named))
    return load_layers_model(model[TOPOLOGY], weights, str(path), part)


def _read(path: Path) -> Mapping[str, Any]:
    """Read the JSON of a model.

    Raises:
        ModelError: that says what it is instead.
    """
    try:
        model = read_json(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot be read as JSON ({error}): get it again") from error
    if is_config(model) and MANIFEST not in model:
        raise ModelError(
            "is the config of a Keras model without its weights: load both in Python "
            "(keras.models.model_from_json, model.load_weights) and convert there "
            "(tfsnn.convert), or save the model whole (model.save)"
        )
    if isinstance(model, list):
        raise ModelError(
            "lists weights alone, as TensorFlow.js had it beside a .pb file before "
            "version 1: convert the model again, to a model.json"
        )
    missing = {TOPOLOGY, MANIFEST} - set(model) if isinstance(model, Mapping) else ()
    if missing or not isinstance(model, Mapping):
        raise ModelError(
            f"is JSON without {' and '.join(sorted(missing)) or 'an object'}, so no "
            "model.json of TensorFlow.js: give that, or another kind of file"
        )
    if not isinstance(model[TOPOLOGY], Mapping):
        raise ModelError(f"its {TOPOLOGY} is no object: it is damaged, get it again")
    return model


def _is_graph(model: Mapping[str, Any]) -> bool:
    stated = model.get("format")
    if stated in ("graph-model", "layers-model"):
        return stated == "graph-model"
    return "node" in model[TOPOLOGY]
