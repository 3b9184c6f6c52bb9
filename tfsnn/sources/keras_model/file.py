"""Loading Keras model files; what could run code is refused before Keras reads them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import keras

from tfsnn.errors import ModelError, TfsnnError
from tfsnn.sources.keras_model.allocation import variables_of
from tfsnn.sources.keras_model.code import code_in
from tfsnn.sources.keras_model.contents import (
    Contents,
    claimed_values,
    read_contents,
)

SUFFIXES = (".keras", ".h5", ".hdf5")
MOST = 1000  # characters of a reason
SLACK = 10_000  # values of variables that are not stored, such as seeds


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
    contents = _contents(path)
    _refuse_code(path, contents)
    try:
        _check_size(path, contents)
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except TfsnnError as error:  # of a layer or network of ours
        raise ModelError(f"{path}: is damaged: {error}") from error
    # Keras passes on whatever the zip, HDF5 and JSON readers and the constructors of
    # the saved classes raise; there is no common class.
    except Exception as error:
        raise ModelError(f"{path}: {_explain(error)}") from error


def _contents(path: Path) -> Contents:
    try:
        return read_contents(path)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: does not exist") from error
    except zipfile.BadZipFile as error:
        raise ModelError(
            f"{path}: not a .keras file, or only part of one "
            f"({path.stat().st_size} bytes that are no zip archive): save it again"
        ) from error
    # RuntimeError: what zipfile says of encrypted members, and h5py of a damaged file;
    # KeyError: h5py of an object that cannot be read.
    except (OSError, ValueError, RuntimeError, KeyError, EOFError) as error:
        raise ModelError(
            f"{path}: cannot be read as a Keras model ({error}): save it again with "
            "this version of Keras"
        ) from error


def _refuse_code(path: Path, contents: Contents) -> None:
    if found := list(code_in(contents.config)):
        layers = "; ".join(
            f"{layer} ({kind}) {reason}" for layer, kind, reason in found
        )
        raise ModelError(
            f"{path}: {layers}; tfsnn never runs code from a file. Replace each by "
            "layers of Keras, or by a class of your own that is registered "
            "(keras.saving.register_keras_serializable), and save again; or, where you "
            "trust the file, write a SavedModel (model.export), which holds operations "
            "alone"
        )


def _check_size(path: Path, contents: Contents) -> None:
    """Refuse a model whose variables would take more memory than are stored of them."""
    config, stored = contents
    if not isinstance(config, dict):
        return  # there is none, as in a file of weights: Keras says so
    claimed = claimed_values(config)
    needed: Any = claimed if claimed else variables_of(config)
    if needed is not None and needed > stored + SLACK:
        raise ModelError(
            f"its layers have {needed:,} weights, of which {stored:,} are stored; save "
            "it again"
        )


def _explain(error: Exception) -> str:
    text = str(error)
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
