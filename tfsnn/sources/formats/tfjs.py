"""Models of TensorFlow.js: ``model.json``, or the folder with it and its weights."""

from __future__ import annotations

import re
from pathlib import Path

import keras

from tfsnn.sources.formats.form import Format
from tfsnn.sources.parts import Part
from tfsnn.sources.tfjs import load_tfjs
from tfsnn.sources.tfjs.file import FILE

JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\{\s*("|\})|\[\s*\{)')


def _recognises(path: Path, start: bytes) -> bool:
    if path.is_dir():
        return (path / FILE).exists()
    return bool(JSON.match(start)) or path.suffix == ".json"


def _load(path: Path, part: Part) -> keras.Model:
    return load_tfjs(path / FILE if path.is_dir() else path, part)


FORMAT = Format("the model.json of TensorFlow.js or its folder", _recognises, _load)
