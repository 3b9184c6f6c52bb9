"""Files of Keras 2 and 3: ``.keras`` archives, and HDF5 of any suffix."""

from __future__ import annotations

from pathlib import Path

import keras

from tfsnn.sources.formats.form import Format
from tfsnn.sources.keras_model.file import HDF5, SUFFIXES, ZIP, load_keras_file
from tfsnn.sources.keras_model.part import taken_part
from tfsnn.sources.parts import Part


def _recognises(path: Path, start: bytes) -> bool:
    return start.startswith((ZIP, HDF5)) or path.suffix in SUFFIXES


def _load(path: Path, part: Part) -> keras.Model:
    model = load_keras_file(path, part)
    return model if part.whole else taken_part(model, part)


FORMAT = Format("a .keras or .h5 file of Keras", _recognises, _load)
