"""From a frozen graph to a Keras model that computes the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.sources.saved_model.check import RebuildMismatch, compare
from tfsnn.sources.saved_model.frozen import Frozen
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.rebuild import Rebuild


def build(frozen: Frozen, name: str) -> keras.Model:
    """Rebuild a frozen graph as a Keras Functional model, and compare both.

    Args:
        frozen: the graph; nothing of it was run before.
        name: name of the model.

    Raises:
        ModelError: if an input shape is not fixed, or the rebuilt model computes
            something else.
        UnsupportedError: if operations cannot be rebuilt; it names them all.
    """
    network = Network(frozen)
    network.fold()
    rebuild = Rebuild(network)
    model = rebuild.model(frozen.specs, name)
    try:
        compare(rebuild)
    except RebuildMismatch:
        # Layers may round in another order than the operations they replace, which
        # can cancel; operation by operation the order is the same.
        rebuild = Rebuild(network, exact=True)
        model = rebuild.model(frozen.specs, name)
        compare(rebuild)
    return model


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the path of the file or folder in front of every ModelError."""
    try:
        yield
    except UnsupportedError:  # its message lists the operations, line by line
        raise
    except ModelError as error:
        raise type(error)(f"{path}: {error}") from error


def model_name(path: Path) -> str:
    """Return the name of the model that a file or folder holds."""
    kept = [c if c.isalnum() or c in "._-" else "_" for c in path.resolve().name]
    return "".join(kept) or "saved_model"
