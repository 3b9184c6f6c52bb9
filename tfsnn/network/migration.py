"""Migration of graph configs that an older version wrote.

Version 1 (no number in the config) called the populations of spiking networks "Rate" or
"SmoothRate", with the fields of the activation in the ANN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfsnn.errors import ModelError

VERSION = 2

POPULATIONS = ("Rate", "SmoothRate")  # of version 1
OF_THE_ACTIVATION = ("max_value", "quantized", "op", "options")


def migrated(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of a graph in today's form.

    Raises:
        ModelError: for a config that a newer version wrote.
    """
    version = config.get("version", 1)
    if version > VERSION:
        raise ModelError(
            f"the graph of this model is of version {version}, and this tfsnn reads "
            f"versions up to {VERSION}: install the version of tfsnn that wrote it"
        )
    if version == VERSION:
        return dict(config)
    nodes = [_population(node) if _is_old(node) else node for node in config["nodes"]]
    return {**config, "version": VERSION, "nodes": nodes}


def dropped_arrays(config: Mapping[str, Any]) -> frozenset[int]:
    """Return which arrays stored beside a config :func:`migrated` leaves out.

    They are numbered as they were stored: by node, and by field in each.
    """
    if config.get("version", 1) != 1:
        return frozenset()
    arrays = [
        _is_old(node) and field in OF_THE_ACTIVATION
        for node in config["nodes"]
        for field, value in node.items()
        if isinstance(value, Mapping) and set(value) == {"array"}
    ]
    return frozenset(i for i, dropped in enumerate(arrays) if dropped)


def without(store: Any, dropped: frozenset[int], count: int) -> Any:
    """Return the stored arrays without those dropped, numbered anew.

    Args:
        store: arrays by number, as Keras stores those of one layer.
        dropped: the numbers from :func:`dropped_arrays`.
        count: the arrays that the layer has; a store of as many is returned as it is.
    """
    if not dropped or len(store.keys()) != count + len(dropped):
        return store
    kept = [i for i in range(count + len(dropped)) if i not in dropped]
    return {str(new): store[str(old)] for new, old in enumerate(kept)}


def _is_old(node: Mapping[str, Any]) -> bool:
    return node["kind"] in POPULATIONS


def _population(node: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: v for key, v in node.items() if key not in OF_THE_ACTIVATION}
    return {**kept, "kind": "Spiking"}
