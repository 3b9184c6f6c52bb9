"""SavedModels: the folder, or the file ``saved_model.pb`` in it."""

from __future__ import annotations

from pathlib import Path

import keras

from tfsnn.sources.formats.form import Format
from tfsnn.sources.parts import Part
from tfsnn.sources.saved_model import is_saved_model, load_saved_model
from tfsnn.sources.saved_model.file import FILE


def _recognises(path: Path, start: bytes) -> bool:
    return is_saved_model(path) if path.is_dir() else path.name == FILE


def _load(path: Path, part: Part) -> keras.Model:
    return load_saved_model(path if path.is_dir() else path.absolute().parent, part)


FORMAT = Format("the folder of a SavedModel", _recognises, _load, signatures=True)
