"""The weights of a model of TensorFlow.js: a list in JSON, and the bytes in shards."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import numpy as np

from tfsnn.errors import ModelError
from tfsnn_numpy.files import read_regular
from tfsnn_numpy.json_text import mismatch

# Plain names beside model.json: no folders, no addresses, nothing hidden.
NAME = re.compile(r"[^./\\:][^/\\:]*")
TYPES = {
    "float32": np.dtype("<f4"),
    "int32": np.dtype("<i4"),
    "bool": np.dtype("?"),
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "float16": np.dtype("<f2"),
}
WHOLE = ("float32", "int32", "bool")  # what TensorFlow.js computes with
TEXT = "string"  # each with its length in front; none is read
LENGTH = 4
MOST_BYTES = 2**31 - 1  # of all weights, as protocol buffers have it
MOST_AXES = 64


class Quantization(TypedDict):
    """How values are stored: as float16, or as ``q`` for ``q * scale + min``."""

    dtype: str
    scale: NotRequired[float]
    min: NotRequired[float]


class Entry(TypedDict):
    """A weight, as the list of a group has it."""

    name: str
    shape: list[int]
    dtype: str
    quantization: NotRequired[Quantization]


class Group(TypedDict):
    """Weights that are stored one behind the other in files."""

    paths: list[str]
    weights: list[Entry]


def read_weights(folder: Path, manifest: Any) -> dict[str, np.ndarray]:
    """Read the weights of a model that are numbers, by name.

    Args:
        folder: the folder that ``model.json`` is in.
        manifest: its ``weightsManifest``.

    Raises:
        ModelError: if the list is damaged, a file is missing, would lie elsewhere, or
            has more or fewer bytes than the weights take.
    """
    if wrong := mismatch(manifest, list[Group], "weightsManifest"):
        raise ModelError(f"is damaged ({wrong}): convert it again")
    weights: dict[str, np.ndarray] = {}
    left = MOST_BYTES
    for group in manifest:
        entries = group["weights"]
        least = sum(map(_least, entries))
        texts = any(entry["dtype"] == TEXT for entry in entries)
        content = _content(folder, group["paths"], left if texts else least, least)
        left -= len(content)
        at = 0
        for entry in entries:
            size = _size(entry, content, at)
            if entry["name"] in weights:
                raise ModelError(
                    f"two of its weights are called {entry['name']!r}: it is damaged, "
                    "convert it again"
                )
            if entry["dtype"] != TEXT:
                weights[entry["name"]] = _value(entry, content[at : at + size])
            at += size
        if at != len(content):
            raise _wrong_size(at, len(content))
    return weights


def _least(entry: Entry) -> int:
    """Return the number of bytes that a weight takes; of texts, those without any."""
    where = f"the weight {entry['name']!r}"
    kind = _kind(entry)
    if entry["dtype"] not in (*WHOLE, TEXT) or kind not in (*TYPES, TEXT):
        raise ModelError(
            f"{where} is of type {entry['dtype']}, stored as {kind}; known are "
            f"{', '.join(TYPES)}: convert the model again"
        )
    if min(entry["shape"], default=0) < 0 or len(entry["shape"]) > MOST_AXES:
        raise ModelError(
            f"{where} has the impossible shape {entry['shape'][:MOST_AXES]}: the model "
            "is damaged, convert it again"
        )
    size = LENGTH if entry["dtype"] == TEXT else TYPES[kind].itemsize
    return math.prod(entry["shape"]) * size


def _size(entry: Entry, content: bytes, at: int) -> int:
    """Return the number of bytes that a weight takes from a place on."""
    if entry["dtype"] != TEXT:
        return _least(entry)
    end = at
    for _ in range(math.prod(entry["shape"])):
        end += LENGTH + int.from_bytes(content[end : end + LENGTH], "little")
        if end > len(content):
            raise _wrong_size(end, len(content))
    return end - at


def _wrong_size(needed: int, found: int) -> ModelError:
    return ModelError(
        f"its weights take {needed:,} bytes, and their files have {found:,}: one is "
        "incomplete or of another model; get all files of the model again"
    )


def _kind(entry: Entry) -> str:
    return entry["quantization"]["dtype"] if "quantization" in entry else entry["dtype"]


def _content(folder: Path, paths: list[str], most: int, least: int) -> bytes:
    """Read the files of a group, which together have a size between these."""
    parts: list[bytes] = []
    for path in paths:
        if not NAME.fullmatch(path):
            raise ModelError(
                f"its weights lie in {path!r}; only files in the same folder are read: "
                "put them beside model.json, and their plain names into it"
            )
        left = most - sum(map(len, parts))
        try:
            parts.append(read_regular(folder / path, left))
        except FileNotFoundError as error:
            raise ModelError(
                f"the file {path} of its weights is missing: put all files of the "
                f"model into one folder ({', '.join(paths[:5])})"
            ) from error
        except OSError as error:
            raise ModelError(
                f"the file {path} of its weights cannot be read, or is longer than the "
                f"weights are ({error}): get all files of the model again"
            ) from error
    content = b"".join(parts)
    if len(content) < least:
        raise _wrong_size(least, len(content))
    return content


def _value(entry: Entry, content: bytes) -> np.ndarray:
    """Return the values of a weight, in the type that the model computes with."""
    value = np.frombuffer(content, TYPES[_kind(entry)]).reshape(entry["shape"])
    wanted = TYPES[entry["dtype"]]
    quantization = entry.get("quantization")
    if quantization is None or quantization["dtype"] == "float16":
        return value.astype(wanted)
    scale, least = quantization.get("scale"), quantization.get("min")
    if scale is None or least is None or not np.isfinite([scale, least]).all():
        raise ModelError(
            f"the weight {entry['name']!r} is quantised with the scale {scale} and the "
            f"minimum {least}, which are no numbers: convert the model again"
        )
    exact = value.astype(np.float64) * scale + least
    whole = np.issubdtype(wanted, np.integer)
    return (np.round(exact) if whole else exact).astype(wanted)
