"""Find what would run, or read files, when Keras makes a model from a config.

Keras has a safe mode, which knew neither of ``.h5`` files (CVE-2025-9905) nor of layers
around a SavedModel (CVE-2026-1462), let itself be switched off by a config
(CVE-2025-9906), and called any function of Keras by its name (CVE-2025-1550,
CVE-2025-8747); and vocabularies are read from any path (CVE-2025-12058). So a config is
looked through before Keras sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras

PYTHON = "is Python code"
CLASSES = {
    "Lambda": PYTHON,
    "__lambda__": PYTHON,
    "TFSMLayer": "loads a SavedModel",
    "TorchModuleWrapper": "loads a pickled module of PyTorch",
    "JaxLayer": PYTHON,
    "FlaxLayer": PYTHON,
}
# The parts of Keras whose classes and functions make up networks.
MODELING = {
    *("activations", "applications", "constraints", "dtype_policies", "engine"),
    *("initializers", "layers", "losses", "metrics", "models", "ops", "optimizers"),
    *("quantizers", "random", "regularizers"),
}
INTERNAL = ("src", "api")
FILES = ("vocabulary", "idf_weights")  # of lookup layers: a list, or a path


class Code(NamedTuple):
    """A layer of a config that Keras must not make.

    Attributes:
        layer: name of the layer, or of the one that it is in.
        kind: its class.
        reason: what it is or does.
    """

    layer: str
    kind: str
    reason: str


def code_in(config: Any, layer: str = "the model") -> Iterator[Code]:
    """Find the code in a model's config, or in a part of it.

    What ``compile`` was given is left out, for it is not loaded.

    Args:
        config: what ``config.json`` or ``model_config`` says.
        layer: name of the layer that it belongs to.
    """
    if isinstance(config, list | tuple):
        for item in config:
            yield from code_in(item, layer)
        return
    if not isinstance(config, Mapping):
        return
    kind, inner = config.get("class_name"), config.get("config")
    if isinstance(kind, str):
        layer = _name(config, inner) or layer
        if reason := _reason(kind, config):
            yield Code(layer, _shown(kind, inner), reason)
            return
    for key in FILES:
        if isinstance(config.get(key), str):
            yield Code(layer, key, f"is read from the file {config[key]!r}")
    for key, item in config.items():
        if key != "compile_config":
            yield from code_in(item, layer)


def _reason(kind: str, config: Mapping[str, Any]) -> str | None:
    module = config.get("module")
    module = module if isinstance(module, str) else ""
    known = keras.saving.get_custom_objects()
    package, *parts = module.split(".")
    if package not in ("", "keras") and config.get("registered_name") in known:
        return None  # a class of the user's own
    if kind in CLASSES:
        return CLASSES[kind]
    rooms = [part for part in parts if part not in INTERNAL]
    if package == "keras" and rooms and rooms[0] not in MODELING:
        return f"is of {module}, which is no part of a network"
    return None


def _name(config: Mapping[str, Any], inner: Any) -> str | None:
    name = inner.get("name") if isinstance(inner, Mapping) else None
    name = name or config.get("name")
    return name if isinstance(name, str) else None


def _shown(kind: str, inner: Any) -> str:
    """Return the class, or the name of a function."""
    return inner if kind == "function" and isinstance(inner, str) else kind
