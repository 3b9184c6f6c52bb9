"""SavedModels as Keras models, rebuilt from the graph of a signature.

Keras 3 cannot load a SavedModel as layers. But the graph of a signature holds all that
it computes: variables are frozen, constants folded, and operations (or patterns of
them) become Keras layers again, with names from the graph's scopes.
"""

from __future__ import annotations

import os
from pathlib import Path

import keras

from tfsnn.sources.parts import WHOLE, Part
from tfsnn.sources.saved_model import patterns, translators
from tfsnn.sources.saved_model.building import build, model_name, naming
from tfsnn.sources.saved_model.file import is_saved_model
from tfsnn.sources.saved_model.reading import read_frozen
from tfsnn.sources.saved_model.registry import recognises, translates

__all__ = [
    "is_saved_model",
    "load_saved_model",
    "patterns",
    "recognises",
    "translates",
    "translators",
]


def load_saved_model(path: str | os.PathLike, part: Part = WHOLE) -> keras.Model:
    """Rebuild a SavedModel's signature as a Keras Functional model.

    No Python in the file is run. The result is compared with the signature on random
    input before it is returned.

    Args:
        path: the folder that holds ``saved_model.pb``.
        part: the signature, the part of it that is the network, and input shapes.

    Returns:
        A model whose inputs have the signature's names and whose outputs are a dict by
        the signature's names, or one tensor if there is only one output.

    Raises:
        ModelError: if the folder cannot be read or has no such signature or operation,
            an input shape is not fixed, or the rebuilt model computes something else.
        UnsupportedError: if operations cannot be rebuilt; it names them all.
    """
    path = Path(path)
    with naming(path):
        return build(read_frozen(path, part), model_name(path))
