"""Loading Keras model files; safe mode stays on, so no code in a file is ever run."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras

from tfsnn.errors import ModelError

SUFFIXES = (".keras", ".h5", ".hdf5")
MOST = 1000  # characters of a reason


def load_keras_file(path: Path) -> keras.Model:
    """Load a ``.keras`` or ``.h5`` file.

    Raises:
        ModelError: if the file does not exist, is of another kind, is damaged, needs a
            custom class that is not registered, or holds code (a Lambda layer).
    """
    if path.suffix not in SUFFIXES:
        raise ModelError(
            f"{path}: not a model file that tfsnn reads; expected "
            f"{', '.join(SUFFIXES)} or the folder of a SavedModel, "
            f"got {path.suffix or 'no suffix'!r}"
        )
    if not path.is_file():
        raise ModelError(f"{path}: does not exist")
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        raise ModelError(
            f"{path}: not a .keras file, or only part of one "
            f"({path.stat().st_size} bytes that are no zip archive): save it again"
        )
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    # Keras passes on whatever the zip, HDF5 and JSON readers and the constructors of
    # the saved classes raise; there is no common class.
    except Exception as error:
        raise ModelError(f"{path}: {_explain(error)}") from error


def _explain(error: Exception) -> str:
    text = str(error)
    if "lambda" in text.lower():
        return (
            "holds a Lambda layer, which is Python code; tfsnn never runs code from a "
            "file: replace the layer by a registered class and save again"
        )
    if "Could not locate class" in text:
        name = text.split("Could not locate class", 1)[1].split("'")[1]
        return (
            f"uses the class {name!r}, which is not registered: import the module "
            "that registers it (keras.saving.register_keras_serializable) and convert "
            "in Python"
        )
    return (
        f"cannot be read as a Keras model ({type(error).__name__}: {_reason(text)}): "
        "save it again with this version of Keras"
    )


def _reason(text: str) -> str:
    """Return what Keras says went wrong, in one line.

    It writes that behind the whole config of a layer, and layers are nested.
    """
    _, marked, reason = text.rpartition("Exception encountered:")
    line = " ".join((reason if marked else text).split())
    if len(line) <= MOST:
        return line
    return f"{line[: MOST // 2]} ... {line[-MOST // 2 :]}"
