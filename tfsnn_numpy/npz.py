"""Read data in an ``.npz`` file a batch at a time."""

from __future__ import annotations

import contextlib
import itertools
import lzma
import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO

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
    if not path.exists():
        raise DataError(f"There is no file {path}; check the path.")
    damage = (_DAMAGE, _damaged(path), f"write it again with {_way_out(inputs)}")
    with refusing(*damage), _opened(path) as archive:
        found = _names(archive)
        stored = stored_names(path, found, inputs)
        labels = [
            array
            for array in found
            if (array == "y" or array.startswith(LABELS)) and array not in inputs
        ]
        headers = {key: _header(archive, array) for key, array in stored.items()}
        y = {array: _header(archive, array) for array in labels}
        size = check_arrays(str(path), headers, y, inputs, raw)

    def read(count: int, start: int) -> Iterator[Stored]:
        with refusing(*damage), _opened(path) as archive:
            arrays = [*stored.values(), *labels]
            columns = [_rows(archive, array, count, start) for array in arrays]
            for rows in zip(*columns, strict=True):
                x = dict(zip(stored, rows, strict=False))
                yield x, _labels(labels, rows[len(stored) :])

    return Data(str(path), inputs, raw, size, bool(labels), read)


def stored_names(path: Path, found: Collection[str], inputs: Inputs) -> dict[str, str]:
    """Return the name of the array of each input; that of a single one may be x.

    Raises:
        DataError: if one is not among those that were found.
    """
    stored = {key: key for key in inputs}
    if len(inputs) == 1 and not set(inputs) & set(found):
        stored = dict.fromkeys(inputs, "x")
    missing = [array for array in stored.values() if array not in found]
    if missing:
        raise DataError(
            f"{path} has no array {', '.join(missing)}, only "
            f"{', '.join(found) or 'none at all'}; write it with {_way_out(inputs)}."
        )
    return stored


def _way_out(inputs: Inputs) -> str:
    arrays = "".join(f"{key}=..., " for key in (inputs if len(inputs) > 1 else "x"))
    return f"numpy.savez(file, {arrays}y=...)"


def _labels(names: Sequence[str], rows: Sequence[np.ndarray]) -> Labels | None:
    """Return y alone, or by output the arrays ``y_NAME``."""
    if list(names) == ["y"]:
        return rows[0]
    by_output = dict(zip(names, rows, strict=True))
    return {name.removeprefix(LABELS): y for name, y in by_output.items()} or None


def npz_headers(path: Path) -> dict[str, Header]:
    """Return the shapes and types of all arrays in an npz file, by name.

    Raises:
        DataError: if there is no such file, or it is damaged or holds Python objects.
    """
    if not path.exists():
        raise DataError(f"There is no file {path}; check the path.")
    damage = (_DAMAGE, _damaged(path), "write it again with numpy.savez")
    with refusing(*damage), _opened(path) as archive:
        return {name: _header(archive, name) for name in _names(archive)}


def npz_parts(
    path: Path, names: Sequence[str], ends: Sequence[int], start: int = 0
) -> Iterator[list[np.ndarray]]:
    """Read arrays in parts that follow one another.

    Args:
        path: path of the file.
        names: names of the arrays, all of the same length.
        ends: where the first part begins, and where each of them ends.
        start: number of parts to pass over.

    Raises:
        DataError: if the file is damaged.
    """
    damage = (_DAMAGE, _damaged(path), "write it again with numpy.savez")
    with refusing(*damage), contextlib.ExitStack() as opened:
        archive = opened.enter_context(_opened(path))
        columns = []
        for name in names:
            stream, (_, *row), _, dtype = _npy(archive, name)
            opened.callback(stream.close)
            bytes_of_row = math.prod(row) * dtype.itemsize
            stream.seek(int(ends[start]) * bytes_of_row, os.SEEK_CUR)
            columns.append((stream, dtype, row, bytes_of_row))
        for first, end in itertools.pairwise(ends[start:]):
            rows = int(end) - int(first)
            yield [
                np.frombuffer(stream.read(rows * size), dtype).reshape(rows, *row)
                for stream, dtype, row, size in columns
            ]


def check_npz(path: Path) -> None:
    """Refuse a file whose values do not match its checksums.

    They are compared anyway, but only at the end of each array, after its samples have
    been used.
    """
    way_out = "write or copy it again"
    with refusing(_DAMAGE, _damaged(path), way_out), _opened(path) as archive:
        if (damaged := archive.testzip()) is not None:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {damaged!r}")


def _damaged(path: Path) -> str:
    return f"{path} cannot be read as an npz file of numbers, or is damaged"


def _names(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the arrays in a file."""
    names = archive.namelist()
    for name in names:  # refuses one that the member itself does not have
        archive.open(name).close()
    return [n.removesuffix(".npy") for n in names if n.endswith(".npy")]


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
