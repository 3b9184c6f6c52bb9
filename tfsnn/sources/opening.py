"""Opening any file or folder that holds a model, as a Keras model."""

from __future__ import annotations

import os
from pathlib import Path

import keras

from tfsnn.errors import ModelError, OptionError
from tfsnn.sources.keras_model.file import load_keras_file
from tfsnn.sources.saved_model import is_saved_model, load_saved_model


def load_model(path: str | os.PathLike, signature: str | None = None) -> keras.Model:
    """Load a ``.keras`` or ``.h5`` file, or rebuild a SavedModel.

    Nothing in the file is run as code. The network of a SavedModel, the folder that
    ``model.export`` and ``tf.saved_model.save`` write, is rebuilt from its graph.

    Args:
        path: the file or folder.
        signature: name of a SavedModel's signature; ``serving_default``, or the only
            one, if not given.

    Raises:
        ModelError: if the file does not exist, is of another kind, is damaged, needs a
            custom class that is not registered, or holds code (a Lambda layer).
        UnsupportedError: if a SavedModel has operations without a layer; it names all.
        OptionError: if a signature is given for a file.
    """
    path = Path(path)
    if path.is_dir():
        if is_saved_model(path):
            return load_saved_model(path, signature)
        raise ModelError(
            f"{path}: is a folder without saved_model.pb; expected a .keras or .h5 "
            "file, or the folder of a SavedModel"
        )
    if signature is not None:
        raise OptionError(
            f"signature={signature!r}: only a SavedModel has signatures, and {path} is "
            "none: leave it out"
        )
    return load_keras_file(path)
