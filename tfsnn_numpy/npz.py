"""Read data in an ``.npz`` file a batch at a time."""

from __future__ import annotations

import contextlib
import lzma
import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from tfsnn_numpy.errors import DataError
from tfsnn_numpy.files import open_regular
from tfsnn_numpy.samples import (
    Data,
    Header,
    Inputs,
    Raw,
    Shape,
    Stored,
    check_arrays,
    refusing,
)
from tfsnn_numpy.tasks.labels import Labels

LABELS = "y_"  # before the name of an output, in the names of arrays of its labels
# RuntimeError: an encrypted member, or a compression that zipfile does not know.
# TokenError: NumPy's reader of headers, where an old Python 2 wrote none of this.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, tokenize.TokenError),
    *(ValueError, RuntimeError, OSError, SyntaxError, OverflowError),
)


def open_npz(path: Path, inputs: Inputs, raw: Raw) -> Data:
    """Open the inputs and, where there is one, y, or ``y_OUTPUT`` for several outputs.

    Only the headers of arrays are read here.
    """
    found = _contents(path, inputs)
    size = check_arrays(str(path), found.headers, found.y, inputs, raw)

    def read(count: int, start: int) -> Iterator[Stored]:
        with refusing(*found.damage), _opened(path) as archive:
            arrays = [*found.stored.values(), *found.y]
            columns = [_rows(archive, array, count, start) for array in arrays]
            for rows in zip(*columns, strict=True):
                x = dict(zip(found.stored, rows, strict=False))
                yield x, _labels(list(found.y), rows[len(found.stored) :])

    return Data(str(path), inputs, raw, size, bool(found.y), read)


def npz_shapes(path: Path, inputs: Inputs) -> dict[str, Shape]:
    """Return the shapes of the arrays by input, samples first, from their headers.

    Raises:
        DataError: for a file that is missing or damaged, or without these arrays.
    """
    headers = _contents(path, inputs).headers.items()
    return {key: tuple(header.shape) for key, header in headers}


class _Contents(NamedTuple):
    """What an npz file holds for some inputs.

    Attributes:
        stored: the name of the array of each input.
        headers: their headers, by input.
        y: the headers of labels, by array.
        damage: the arguments of :func:`refusing` for a damaged file.
    """

    stored: dict[str, str]
    headers: dict[str, Header]
    y: dict[str, Header]
    damage: tuple[Any, str, str]


def _contents(path: Path, inputs: Inputs) -> _Contents:
    if not path.exists():
        raise DataError(f"There is no file {path}; check the path.")
    what = f"{path} cannot be read as an npz file of numbers, or is damaged"
    arrays = "".join(f"{key}=..., " for key in (inputs if len(inputs) > 1 else "x"))
    way_out = f"numpy.savez(file, {arrays}y=...)"
    damage = (_DAMAGE, what, f"write it again with {way_out}")
    with refusing(*damage), _opened(path) as archive:
        names = archive.namelist()
        for name in names:  # refuses one that the member itself does not have
            archive.open(name).close()
        found = [n.removesuffix(".npy") for n in names if n.endswith(".npy")]
        stored = {key: key for key in inputs}
        if len(inputs) == 1 and not set(inputs) & set(found):
            stored = dict.fromkeys(inputs, "x")
        missing = [array for array in stored.values() if array not in found]
        if missing:
            raise DataError(
                f"{path} has no array {', '.join(missing)}, only "
                f"{', '.join(found) or 'none at all'}; write it with {way_out}."
            )
        labels = [
            array
            for array in found
            if (array == "y" or array.startswith(LABELS)) and array not in inputs
        ]
        headers = {key: _header(archive, array) for key, array in stored.items()}
        y = {array: _header(archive, array) for array in labels}
    return _Contents(stored, headers, y, damage)


def _labels(names: Sequence[str], rows: Sequence[np.ndarray]) -> Labels | None:
    """Return y alone, or by output the arrays ``y_NAME``."""
    if list(names) == ["y"]:
        return rows[0]
    by_output = dict(zip(names, rows, strict=True))
    return {name.removeprefix(LABELS): y for name, y in by_output.items()} or None


def check_npz(path: Path) -> None:
    """Refuse a file whose values do not match its checksums.

    They are compared anyway, but only at the end of each array, after its samples have
    been used.
    """
    what = f"{path} cannot be read as an npz file of numbers, or is damaged"
    way_out = "write or copy it again"
    with refusing(_DAMAGE, what, way_out), _opened(path) as archive:
        if (damaged := archive.testzip()) is not None:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {damaged!r}")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with open_regular(path) as file, zipfile.ZipFile(file) as archive:
        yield archive


def _header(archive: zipfile.ZipFile, key: str) -> Header:
    stream, shape, _, dtype = _npy(archive, key)
    stream.close()
    return Header(shape, dtype)


def _npy(archive: zipfile.ZipFile, key: str) -> tuple[IO[bytes], Shape, bool, np.dtype]:
    """Open one array at its first value: stream, shape, Fortran order, type."""
    stream = archive.open(f"{key}.npy")
    if np.lib.format.read_magic(stream) == (1, 0):
        header = np.lib.format.read_array_header_1_0(stream)
    else:
        header = np.lib.format.read_array_header_2_0(stream)
    shape, fortran, dtype = header
    if dtype.hasobject:
        raise ValueError(f"{key} is an array of Python objects")
    if any(length < 0 for length in shape):
        raise ValueError(f"{key} is of the impossible shape {shape}")
    stored = archive.getinfo(f"{key}.npy").file_size - stream.tell()
    if stored != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{key} of shape {shape} is cut short")
    return stream, shape, fortran, dtype


def _rows(
    archive: zipfile.ZipFile, key: str, count: int, start: int
) -> Iterator[np.ndarray]:
    stream, (size, *sample), fortran, dtype = _npy(archive, key)
    with stream:
        if fortran:  # the values of one sample are spread over the whole file
            values = np.frombuffer(stream.read(), dtype)
            whole = values.reshape((size, *sample), order="F")
            yield from (whole[i : i + count] for i in range(start, size, count))
            return
        if start:
            stream.seek(start * math.prod(sample) * dtype.itemsize, os.SEEK_CUR)
        for i in range(start, size, count):
            rows = min(count, size - i)
            stored = stream.read(rows * math.prod(sample) * dtype.itemsize)
            yield np.frombuffer(stored, dtype).reshape(rows, *sample)
