"""Frozen graphs of TensorFlow: a ``.pb`` file, or a folder with one such file."""

from __future__ import annotations

import re
from pathlib import Path

import keras

from tfsnn.sources.formats.form import Format
from tfsnn.sources.frozen_graph import load_frozen_graph
from tfsnn.sources.parts import Part

SUFFIXES = (".pb", ".pbtxt", ".meta")
# The first node of a graph, and its name.
GRAPH = re.compile(rb"\x0a[\x80-\xff]{0,4}[\x01-\x7f]\x0a[\x01-\x7f][A-Za-z0-9_.]")


def _recognises(path: Path, start: bytes) -> bool:
    if path.is_dir():
        return len(_inside(path)) == 1
    return bool(GRAPH.match(start)) or path.suffix in SUFFIXES


def _load(path: Path, part: Part) -> keras.Model:
    return load_frozen_graph(_inside(path)[0] if path.is_dir() else path, part)


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.pb"))


FORMAT = Format("the .pb file of a frozen graph", _recognises, _load)
