"""Open samples in files that NumPy and Pillow can read."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from tfsnn_numpy.errors import DataError, OptionError
from tfsnn_numpy.image_folder import ReadImage, open_folder
from tfsnn_numpy.images import read_image
from tfsnn_numpy.npz import open_npz
from tfsnn_numpy.samples import Data, Inputs, Raw, Shape, check_count, require_one

FORMS = (
    "FILE.npz (arrays x and, for labels, y) or a folder of images with one subfolder "
    "per class"
)


def open_data(
    spec: str | os.PathLike[str],
    inputs: Mapping[str, Shape],
    *,
    raw: bool | Collection[str] = False,
    limit: int | None = None,
) -> Data:
    """Open data for a program with these inputs, by name.

    It is read as :func:`tfsnn.open_data` reads it, without TensorFlow.

    Args:
        spec: ``FILE.npz`` with x and, for labels, y, where several inputs have an array
            by the name of each; or a folder with one subfolder of images per class.
        inputs: name and shape for one sample.
        raw: whether 8-bit values stay at 0..255, and other integers as they are; or
            the names of the inputs of which they do.
        limit: the most samples to read.

    Raises:
        OptionError: for a `spec` of another form and a `limit` below 1.
        DataError: for data that is missing, damaged, empty or does not fit.
    """
    if limit is not None:
        check_count("limit", limit)
    text = os.fspath(spec)
    if text.startswith("tfds:"):
        raise OptionError(
            f"{text}: data sets of tfds need TensorFlow; save the samples with "
            "numpy.savez(file, x=..., y=...), or use tfsnn evaluate."
        )
    shapes = {key: tuple(shape) for key, shape in inputs.items()}
    data = open_path(Path(spec), shapes, kept(shapes, raw), read_image, FORMS)
    if data is None:
        raise OptionError(f"Data cannot be opened from {text!r}; give {FORMS}.")
    return limited(data, limit)


def open_path(
    path: Path, inputs: Inputs, raw: Raw, read_image: ReadImage, forms: str
) -> Data | None:
    """Open an npz file or a folder of images; None for a path of another form.

    Raises DataError, with the `forms` to choose from, for a path without an ending
    where there is nothing.
    """
    if path.is_dir():
        require_one(f"the folder of images {path}", inputs)
        return open_folder(path, inputs, raw, read_image)
    if path.suffix.lower() == ".npz":
        return open_npz(path, inputs, raw)
    if not path.exists() and not path.suffix and ":" not in str(path):
        raise DataError(
            f"There is no file or folder {path}, seen from {Path.cwd()}; check the "
            f"path. Data is given as {forms}."
        )
    return None


def kept(inputs: Inputs, raw: bool | Collection[str]) -> Raw:
    """Return the inputs whose integers are kept: those named, all for True."""
    return frozenset(inputs) if raw is True else frozenset(raw or ())


def limited(data: Data, limit: int | None) -> Data:
    """Return the first samples, `limit` at most; none at all are refused."""
    if data.size == 0:
        raise DataError(f"{data.name} holds no samples; give data with at least 1.")
    caps = [cap for cap in (limit, data.limit) if cap is not None]
    if not caps:
        return data
    size = None if data.size is None else min(data.size, *caps)
    return replace(data, limit=min(caps), size=size)
