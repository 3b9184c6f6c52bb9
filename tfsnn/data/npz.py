"""Data in an ``.npz`` file, read a batch at a time."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from tfsnn.data.samples import Batch, Data, Shape, check_arrays, refusing
from tfsnn.errors import DataError

# RuntimeError: an encrypted member, or a compression that zipfile does not know.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError)


def open_npz(path: Path, shape: Shape, raw: bool) -> Data:
    """Open arrays x and, where there is one, y; only their headers are read here."""
    if not path.exists():
        raise DataError(f"There is no file {path}; check the path.")
    what = f"{path} cannot be read as an npz file of numbers, or is damaged"
    damage = (_DAMAGE, what, "write it again with numpy.savez(file, x=..., y=...)")
    with refusing(*damage), zipfile.ZipFile(path) as archive:
        found = [name.removesuffix(".npy") for name in archive.namelist()]
        if "x" not in found:
            raise DataError(
                f"{path} has no array x, only {', '.join(found) or 'none at all'}; "
                "write it with numpy.savez(file, x=..., y=...)."
            )
        _, x_shape, _, dtype = _npy(archive, "x")
        keys = ("x", "y") if "y" in found else ("x",)
        y_shape = _npy(archive, "y")[1] if "y" in keys else None
        check_arrays(str(path), x_shape, dtype, y_shape, shape, raw)

    def read(count: int) -> Iterator[Batch]:
        with refusing(*damage), zipfile.ZipFile(path) as archive:
            arrays = [_rows(archive, key, count) for key in keys]
            for x, *y in zip(*arrays, strict=True):
                yield x, y[0] if y else None

    return Data(str(path), shape, raw, x_shape[0], "y" in keys, read)


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
    stored = archive.getinfo(f"{key}.npy").file_size - stream.tell()
    if stored != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{key} of shape {shape} is cut short")
    return stream, shape, fortran, dtype


def _rows(archive: zipfile.ZipFile, key: str, count: int) -> Iterator[np.ndarray]:
    stream, (size, *sample), fortran, dtype = _npy(archive, key)
    with stream:
        if fortran:  # the values of one sample are spread over the whole file
            values = np.frombuffer(stream.read(), dtype)
            whole = values.reshape((size, *sample), order="F")
            yield from (whole[i : i + count] for i in range(0, size, count))
            return
        for i in range(0, size, count):
            rows = min(count, size - i)
            stored = stream.read(rows * math.prod(sample) * dtype.itemsize)
            yield np.frombuffer(stored, dtype).reshape(rows, *sample)
