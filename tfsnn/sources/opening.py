"""Opening any file or folder that holds a model, as a Keras model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from tfsnn.errors import ModelError, OptionError
from tfsnn.sources.formats import FORMATS, NAMES, Format
from tfsnn.sources.parts import Part, make_part, remember_part
from tfsnn_numpy.files import open_regular

START = 4096  # bytes by which a kind of file is told


def load_model(
    path: str | os.PathLike,
    signature: str | None = None,
    *,
    inputs: str | Sequence[str] | None = None,
    outputs: str | Sequence[str] | None = None,
    input_shape: Any = None,
) -> keras.Model:
    """Load a model of Keras, TensorFlow or TensorFlow.js.

    Nothing in the file is run as code. Keras files and layers models of TensorFlow.js
    are loaded from their config; the network of a SavedModel (the folder that
    ``model.export`` and ``tf.saved_model.save`` write), of a frozen graph and of a
    graph model of TensorFlow.js is rebuilt from its graph.

    Args:
        path: a ``.keras`` or ``.h5`` file, the folder of a SavedModel, the
            ``model.json`` of TensorFlow.js or its folder, or the ``.pb`` file of a
            frozen graph.
        signature: name of a SavedModel's signature; ``serving_default``, or the only
            one, if not given.
        inputs: layers whose outputs become the inputs, by name, so that text look-ups
            and the like are left out; in a graph, operations or tensors as well.
        outputs: layers whose outputs become the outputs, so that decisions and the
            like are left out; in a graph, operations or tensors as well.
        input_shape: shape of a sample, without the batch, where the model takes any
            size, as ``(256, 256, 3)``; a dict of shapes by name for several inputs.

    Raises:
        ModelError: if the file does not exist, is of another kind, is damaged, needs a
            custom class that is not registered, holds code (a Lambda layer), or has no
            such layer.
        UnsupportedError: if a graph has operations without a layer; it names all.
        OptionError: if a signature is given for a file, or a shape does not fit.
    """
    part = make_part(signature, inputs, outputs, input_shape)
    return load_part(Path(path), part)


def load_part(path: Path, part: Part) -> keras.Model:
    """Load the part of a file, as :func:`load_model` does."""
    found = _format(path)
    if part.signature is not None and not found.signatures:
        raise OptionError(
            f"signature={part.signature!r}: only a SavedModel has signatures, and "
            f"{path} is none: leave it out"
        )
    return remember_part(found.load(path, part), part)


def _format(path: Path) -> Format:
    """Return the kind of a file or folder.

    Raises:
        ModelError: if there is none, it cannot be read, or its kind is not known.
    """
    start = b"" if path.is_dir() else _start(path)
    for format in FORMATS:
        if format.recognises(path, start):
            return format
    if path.is_dir():
        raise ModelError(
            f"{path}: is a folder without saved_model.pb, model.json or one .pb file; "
            f"expected {NAMES}"
        )
    raise ModelError(
        f"{path}: not a model file that tfsnn reads; expected {NAMES}; it begins with "
        f"{start[:8]!r} and its suffix is {path.suffix or 'missing'}"
    )


def _start(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(START)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: does not exist") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
