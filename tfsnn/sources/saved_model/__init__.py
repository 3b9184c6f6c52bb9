"""SavedModels: the network is rebuilt from the graph of a signature.

Keras 3 cannot load a SavedModel as layers. What the signature computes is in its graph,
though, and that is enough: the variables are frozen, constants folded, and operations
(or patterns of them) become Keras layers again, with names from the graph's scopes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.sources.saved_model import patterns, translators
from tfsnn.sources.saved_model.check import Differs, compare
from tfsnn.sources.saved_model.freeze import freeze
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.refusals import check_types
from tfsnn.sources.saved_model.registry import recognises, translates
from tfsnn.sources.saved_model.signature import open_signature

__all__ = [
    "is_saved_model",
    "load_saved_model",
    "patterns",
    "recognises",
    "translates",
    "translators",
]

FILE = "saved_model.pb"


def is_saved_model(path: Path) -> bool:
    """Whether a folder holds a SavedModel."""
    return (path / FILE).is_file()


def load_saved_model(
    path: str | os.PathLike, signature: str | None = None
) -> keras.Model:
    """Rebuild a SavedModel's signature as a Keras Functional model.

    No Python in the file is run. The result is compared with the signature on random
    input before it is returned.

    Args:
        path: the folder that holds ``saved_model.pb``.
        signature: its name; ``serving_default``, or the only one, if not given.

    Returns:
        A model whose inputs are named as the signature's and whose outputs are a
        dict by the signature's names, or a tensor if there is one.

    Raises:
        ModelError: if the folder cannot be read, has no such signature, an input
            shape is not fixed, or the rebuilt model computes something else.
        UnsupportedError: naming every operation that cannot be rebuilt.
    """
    path = Path(path)
    opened = open_signature(path, signature)
    with _naming(path):
        frozen = freeze(opened)
        network = Network(frozen)
        check_types(network)
        network.fold()
        name = _model_name(path)
        model = Rebuild(network).model(opened.inputs, name)
        try:
            compare(opened, frozen, network, model)
        except Differs:
            # A deep network may amplify even another order of rounding: operation by
            # operation there is none.
            model = Rebuild(network, exact=True).model(opened.inputs, name)
            compare(opened, frozen, network, model)
    return model


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Errors say which file they are about."""
    try:
        yield
    except UnsupportedError:  # names the operations, in lines of their own
        raise
    except ModelError as error:
        raise type(error)(f"{path}: {error}") from error


def _model_name(path: Path) -> str:
    kept = [c if c.isalnum() or c in "._-" else "_" for c in path.resolve().name]
    return "".join(kept) or "saved_model"
