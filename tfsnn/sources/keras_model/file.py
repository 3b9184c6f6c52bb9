"""Loading Keras model files; what could run code is refused before Keras reads them."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras

from tfsnn.errors import ModelError
from tfsnn.sources.keras_model.archive import load_archive
from tfsnn.sources.keras_model.building import build
from tfsnn.sources.keras_model.contents import CONFIG, METADATA, WEIGHTS, read_archive
from tfsnn.sources.keras_model.hdf5 import load_hdf5
from tfsnn.sources.keras_model.left_out import standing_in
from tfsnn.sources.parts import WHOLE, Part
from tfsnn_numpy.files import open_regular

SUFFIXES = (".keras", ".h5", ".hdf5")
ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"  # how files begin


def load_keras_file(path: Path, part: Part = WHOLE) -> keras.Model:
    """Load a file of Keras 2 or 3: a ``.keras`` archive, or HDF5 of any suffix.

    Args:
        path: the file.
        part: what of it is wanted; layers that it may leave out need not be known.

    Raises:
        ModelError: if the file does not exist, is of another kind, is damaged, needs a
            custom class that is not registered, or holds code (a Lambda layer).
    """
    try:
        if _is_hdf5(path):
            with open_regular(path) as file, h5py.File(file, "r") as stored:
                return load_hdf5(stored, str(path), part)
        archive = read_archive(path)
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
    if not archive.of_keras_3:
        return load_archive(path, archive, part)
    with standing_in(archive.config, part) as config:
        changed = None if config is archive.config else config
        return build(config, archive.values, str(path), lambda: _load(path, changed))


def _is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does, or else by its suffix should.

    Raises:
        ModelError: if neither its beginning nor its suffix is one of Keras.
    """
    with open_regular(path) as file:
        start = file.read(len(HDF5))
    if start == HDF5 or start.startswith(ZIP):
        return start == HDF5
    if path.suffix not in SUFFIXES:
        raise ModelError(
            f"{path}: not a model file that tfsnn reads; expected "
            f"{', '.join(SUFFIXES)}, a file that is HDF5 or such an archive inside, or "
            f"the folder of a SavedModel, got {path.suffix or 'no suffix'!r}"
        )
    if path.suffix != ".keras":
        raise ModelError(
            f"{path}: not an HDF5 file, or only part of one ({path.stat().st_size} "
            "bytes that do not begin as HDF5 does): save it again"
        )
    return False


def _load(path: Path, config: Any) -> keras.Model:
    """Let Keras load a file of its own, with another config if one is given.

    It takes such files by their suffix only.
    """
    if path.suffix == ".keras" and config is None:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model.keras"
        if config is None:
            shutil.copyfile(path, copy)
        else:
            _rewrite(path, copy, config)
        return keras.saving.load_model(copy, compile=False, safe_mode=True)


def _rewrite(path: Path, copy: Path, config: Any) -> None:
    """Copy a ``.keras`` file with another config."""
    with (
        open_regular(path) as file,
        zipfile.ZipFile(file) as archive,
        zipfile.ZipFile(copy, "w") as written,
    ):
        for name in (METADATA, WEIGHTS):
            with (
                archive.open(name) as source,
                written.open(name, "w", force_zip64=True) as target,
            ):
                shutil.copyfileobj(source, target)
        written.writestr(CONFIG, json.dumps(config))
