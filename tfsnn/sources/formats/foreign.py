"""Kinds of files that are not read: what each is, and how to go on."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn

from tfsnn.errors import ModelError
from tfsnn.sources.formats.form import Format
from tfsnn.sources.keras_model.file import ZIP
from tfsnn.sources.parts import Part

KERAS = "the Keras model (.keras, .h5) or SavedModel that it was made from"
MOST_MEMBERS = 10**5


class Kind(NamedTuple):
    """A kind of file that is not read.

    Attributes:
        name: what it is.
        start: pattern of its first bytes; None where they tell nothing.
        suffixes: ends of its name, for those that the first bytes do not tell.
        way: what to do instead.
    """

    name: str
    start: str | None
    suffixes: tuple[str, ...]
    way: str


TORCH = (
    "a model of PyTorch, which is Python code and weights: build the network in Keras "
    "and give it the weights, or export it (torch.onnx.export) and turn that into a "
    "SavedModel (onnx2tf -osd, from PyPI)"
)
KINDS = (
    Kind(
        "a model of TensorFlow Lite",
        r".{4}TFL3",
        (".tflite", ".lite"),
        f"it is made for inference alone, often quantised and fused: give {KERAS}",
    ),
    Kind(
        "a model of ONNX",
        r"\x08[\x02-\x20][\x12\x1a\x22\x3a\x42\x82]",
        (".onnx",),
        "turn it into a SavedModel (onnx2tf -osd, from PyPI), or give the model that "
        "it was exported from",
    ),
    Kind(
        "a file of safetensors",
        r".{8}\{\s*\"",
        (".safetensors",),
        "it holds weights alone: build the network in Keras, give it the weights, and "
        "convert it in Python (tfsnn.convert)",
    ),
    Kind(
        "a legacy model of PyTorch",
        r"\x80.\x8a\x0al\xfc\x9cF\xf9",
        (".pt", ".pth"),
        TORCH.partition(": ")[2],
    ),
    Kind(
        "a pickle, which runs code as it is opened",
        r"\x80[\x02-\x05][\x95c}\](X\x8c]",
        (".pkl", ".pickle", ".joblib", ".sav"),
        "open it where you trust it, and save the Keras model within (model.save)",
    ),
    Kind(
        "an array of NumPy",
        r"\x93NUMPY",
        (".npy", ".npz"),
        "these are data or weights: give the model as a file of its own",
    ),
    Kind(
        "a file of a TensorFlow checkpoint",
        r"\s*model_checkpoint_path:",
        (".ckpt", ".index", ".data-00000-of-00001"),
        "it holds weights and no network: run the code that made the model, load them "
        "(model.load_weights, or tf.compat.v1.train.Saver), and save it whole "
        "(model.save, model.export, or a frozen graph)",
    ),
    Kind(
        "a file of weights, as of TensorFlow.js",
        None,
        (".bin",),
        "give the model.json that lists them",
    ),
)


def _format(kind: Kind) -> Format:
    pattern = kind.start and re.compile(kind.start.encode("latin-1"), re.DOTALL)

    def recognises(path: Path, start: bytes) -> bool:
        if path.is_dir():
            return False
        if pattern and pattern.match(start):
            return True
        known = start.startswith((ZIP, b"\x89HDF"))
        return path.name.endswith(kind.suffixes) and not known

    return Format(kind.name, recognises, _refusing(f"is {kind.name}: {kind.way}"))


def _refusing(what: str) -> Callable[[Path, Part], NoReturn]:
    def load(path: Path, part: Part) -> NoReturn:
        raise ModelError(f"{path}: {what}")

    return load


def _holds(*ends: str) -> Callable[[Path, bytes], bool]:
    """Return the function that tells a zip archive by the ends of its members."""

    def recognises(path: Path, start: bytes) -> bool:
        if path.is_dir() or not start.startswith(ZIP):
            return False
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
            return False  # damaged, which whoever reads it says
        return len(names) < MOST_MEMBERS and any(n.endswith(ends) for n in names)

    return recognises


def _checkpoint(path: Path, start: bytes) -> bool:
    return path.is_dir() and any(path.glob("*.index")) and not any(path.glob("*.pb"))


FOREIGN = (
    Format("a model of PyTorch", _holds("/data.pkl"), _refusing(f"is {TORCH}")),
    Format(
        "arrays",
        _holds(".npy"),
        _refusing(
            "is an npz file: these are data or "
            "weights; give the model as a file of its own"
        ),
    ),
    *map(_format, KINDS),
    Format(
        "a folder of checkpoints",
        _checkpoint,
        _refusing(
            "is a folder with checkpoints, which hold weights and no network: run the "
            "code that made the model, load them (model.load_weights, or "
            "tf.compat.v1.train.Saver), and save it whole (model.save, model.export)"
        ),
    ),
)
