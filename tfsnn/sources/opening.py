"""Opening any file or folder that holds a model, as a Keras model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from tfsnn.errors import ModelError, OptionError
from tfsnn.sources.keras_model.file import load_keras_file
from tfsnn.sources.keras_model.part import taken_part
from tfsnn.sources.parts import Part, make_part, remember_part
from tfsnn.sources.saved_model import is_saved_model, load_saved_model


def load_model(
    path: str | os.PathLike,
    signature: str | None = None,
    *,
    inputs: str | Sequence[str] | None = None,
    outputs: str | Sequence[str] | None = None,
    input_shape: Any = None,
) -> keras.Model:
    """Load a ``.keras`` or ``.h5`` file, or rebuild a SavedModel.

    Nothing in the file is run as code. The network of a SavedModel, the folder that
    ``model.export`` and ``tf.saved_model.save`` write, is rebuilt from its graph.

    Args:
        path: the file or folder.
        signature: name of a SavedModel's signature; ``serving_default``, or the only
            one, if not given.
        inputs: layers whose outputs become the inputs, by name, so that text look-ups
            and the like are left out; of a SavedModel, operations or tensors as well.
        outputs: layers whose outputs become the outputs, so that decisions and the
            like are left out; of a SavedModel, operations or tensors as well.
        input_shape: shape of a sample, without the batch, where the model takes any
            size, as ``(256, 256, 3)``; a dict of shapes by name for several inputs.

    Raises:
        ModelError: if the file does not exist, is of another kind, is damaged, needs a
            custom class that is not registered, holds code (a Lambda layer), or has no
            such layer.
        UnsupportedError: if a SavedModel has operations without a layer; it names all.
        OptionError: if a signature is given for a file, or a shape does not fit.
    """
    part = make_part(signature, inputs, outputs, input_shape)
    return load_part(Path(path), part)


def load_part(path: Path, part: Part) -> keras.Model:
    """Load the part of a file, as :func:`load_model` does."""
    return remember_part(_loaded(path, part), part)


def _loaded(path: Path, part: Part) -> keras.Model:
    if path.is_dir():
        if is_saved_model(path):
            return load_saved_model(path, part)
        raise ModelError(
            f"{path}: is a folder without saved_model.pb; expected a .keras or .h5 "
            "file, or the folder of a SavedModel"
        )
    if part.signature is not None:
        raise OptionError(
            f"signature={part.signature!r}: only a SavedModel has signatures, and "
            f"{path} is none: leave it out"
        )
    model = load_keras_file(path, part)
    return model if part.whole else taken_part(model, part)
