"""Samples from an npz file or a folder of images, read a batch at a time with NumPy.

The same forms and values as `tfsnn.data` has, which needs TensorFlow: 8-bit values
become 0..1, ``raw`` keeps them. A test reads the same files with both. What differs:
JPEG files may decode to values that are off by a few levels.
"""

from __future__ import annotations

import itertools
import os
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tfsnn_numpy.errors import DataError, OptionError
from tfsnn_stablehlo.images import IMAGES, read_image

Shape = tuple[int, ...]
Batch = tuple[dict[str, np.ndarray], np.ndarray | None]  # x by input, labels
Progress = Callable[[Iterable[Any], int | None, str], Iterable[Any]]

# RuntimeError: an encrypted member, or a compression that zipfile does not know.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError)


@dataclass(frozen=True)
class Data:
    """Samples that can be read again and again; made by :func:`open_data`.

    `read(n)` yields unchecked batches of n samples, the last of fewer, as stored.
    """

    name: str
    inputs: Mapping[str, Shape]
    raw: frozenset[str]
    size: int
    read: Callable[[int], Iterator[Batch]]

    def batches(
        self, batch_size: int, progress: Progress | None = None, label: str = "reading"
    ) -> Iterable[Batch]:
        """x float32 ``(B, *input)`` by input, and y int64 ``(B,)`` or None."""
        batches = self._batches(batch_size)
        count = -(-self.size // batch_size)
        return batches if progress is None else progress(batches, count, label)

    def _batches(self, batch_size: int) -> Iterator[Batch]:
        start = 0
        for x, y in self.read(batch_size):
            count = min(batch_size, self.size - start)
            values = {key: self._values(key, x[key][:count], start) for key in x}
            yield values, None if y is None else self._classes(y[:count], start)
            start += count
            if start >= self.size:
                return

    def _values(self, key: str, x: np.ndarray, start: int) -> np.ndarray:
        with np.errstate(over="ignore"):  # a float64 that becomes Inf is reported below
            values = x.astype(np.float32).reshape(len(x), *self.inputs[key])
        if x.dtype == np.uint8 and key not in self.raw:
            values *= np.float32(1 / 255)
        finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        if not finite.all():
            raise DataError(
                f"{key} of {self.name} holds NaN or Inf (as float32) in sample "
                f"{start + int(finite.argmin())}, counted from 0; remove or repair it."
            )
        return values

    def _classes(self, y: np.ndarray, start: int) -> np.ndarray:
        if y.ndim == 2 and y.shape[1] > 1:
            classes = y.argmax(axis=1).astype(np.int64)
            wrong = (np.count_nonzero(y, axis=1) != 1) | (y.max(axis=1) != 1)
        else:
            flat = y.reshape(len(y))
            with np.errstate(invalid="ignore"):  # NaN becomes a number, not itself
                classes = flat.astype(np.int64)
            wrong = (classes != flat) | (classes < 0)
        if wrong.any():
            i = int(wrong.argmax())
            raise DataError(
                f"y of {self.name} is {y[i]} in sample {start + i}, counted from 0; "
                "give class numbers (N,) from 0 or one-hot rows (N, classes)."
            )
        return classes


def open_data(
    spec: str | os.PathLike[str],
    inputs: Mapping[str, Shape],
    *,
    raw: bool | Collection[str] = False,
    limit: int | None = None,
) -> Data:
    """Open data for a program with these inputs, by name.

    Args:
        spec: ``FILE.npz`` with x and, for labels, y, where several inputs have an array
            by the name of each; or a folder with one subfolder of images per class.
        inputs: name and shape for one sample.
        raw: whether 8-bit values stay at 0..255, and other integers as they are; or
            the names of the inputs of which they do.
        limit: samples read at most.

    Raises:
        OptionError: for a `spec` of another form and a `limit` below 1.
        DataError: for data that is missing, damaged, empty or does not fit.
    """
    if limit is not None and limit < 1:
        raise OptionError(f"limit is {limit}; give a whole number from 1 up.")
    kept = frozenset(inputs) if raw is True else frozenset(raw or ())
    path, text = Path(spec), os.fspath(spec)
    if text.startswith("tfds:"):
        raise OptionError(
            f"{text}: data sets of tfds need TensorFlow; save the samples with "
            "numpy.savez(file, x=..., y=...), or use tfsnn evaluate."
        )
    if path.is_dir():
        size, read = _folder(path, inputs, bool(kept))
    elif path.suffix.lower() == ".npz":
        size, read = _npz(path, inputs, kept)
    else:
        raise OptionError(
            f"Data cannot be opened from {text!r}; give FILE.npz (arrays x and, for "
            "labels, y) or a folder of images with one subfolder per class."
        )
    if size == 0:
        raise DataError(f"{path} holds no samples; give data with at least 1.")
    return Data(str(path), dict(inputs), kept, min(size, limit or size), read)


def _npz(
    path: Path, inputs: Mapping[str, Shape], raw: frozenset[str]
) -> tuple[int, Callable[[int], Iterator[Batch]]]:
    arrays = "".join(f"{key}=..., " for key in inputs)
    if not path.exists():
        raise DataError(f"There is no file {path}; check the path.")

    def damaged(error: Exception) -> DataError:
        return DataError(
            f"{path} cannot be read as an npz file of numbers, or is damaged ({error});"
            f" write it again with numpy.savez(file, {arrays}y=...)."
        )

    try:
        with zipfile.ZipFile(path) as archive:
            found = [name.removesuffix(".npy") for name in archive.namelist()]
            stored = {key: key for key in inputs}
            if len(inputs) == 1 and not set(inputs) & set(found):
                stored = dict.fromkeys(inputs, "x")
            if missing := [a for a in stored.values() if a not in found]:
                raise DataError(
                    f"{path} has no array {', '.join(missing)}, only "
                    f"{', '.join(found) or 'none at all'}; write it with "
                    f"numpy.savez(file, {arrays}y=...)."
                )
            labels = ["y"] if "y" in found and "y" not in inputs else []
            headers = {a: _header(archive, a) for a in [*stored.values(), *labels]}
    except DataError:
        raise
    except _DAMAGE as error:
        raise damaged(error) from error
    size = _check(path, headers, {stored[key]: inputs[key] for key in inputs}, raw)

    def read(count: int) -> Iterator[Batch]:
        try:
            with zipfile.ZipFile(path) as archive, ExitStack() as opened:
                columns = [
                    _rows(opened.enter_context(_stream(archive, a)), count)
                    for a in [*stored.values(), *labels]
                ]
                for rows in zip(*columns, strict=True):
                    x = dict(zip(stored, rows, strict=False))
                    yield x, rows[-1] if labels else None
        except _DAMAGE as error:
            if isinstance(error, DataError):
                raise
            raise damaged(error) from error

    return size, read


def _check(
    path: Path,
    headers: Mapping[str, tuple[Shape, np.dtype]],
    wanted: Mapping[str, Shape],
    raw: frozenset[str],
) -> int:
    """Refuse arrays that do not fit; the number of samples."""
    for name, shape in wanted.items():
        received, dtype = headers[name]
        if not received or shape not in (received[1:], (*received[1:], 1)):
            raise DataError(
                f"{name} of {path} has shape {received}, the program takes (N, "
                f"{', '.join(map(str, shape))}) for N samples; give data of the shape "
                "that the model was trained on."
            )
        integer = dtype.kind in "iu"
        if not (dtype == np.uint8 or dtype.kind in "fb" or (raw and integer)):
            raise DataError(
                f"{name} of {path} is of type {dtype}, whose range is not known; store "
                "it as uint8 or float32, or keep its values with --raw."
            )
    counts = {name: shape[:1] for name, (shape, _) in headers.items()}
    if len(set(counts.values())) > 1:
        raise DataError(
            f"the arrays of {path} differ in their number of samples ({counts}); give "
            "each sample a row in every array."
        )
    if "y" in headers and "y" not in wanted:
        shape, dtype = headers["y"]
        if dtype.kind not in "biuf" or len(shape) not in (1, 2) or 0 in shape[1:]:
            raise DataError(
                f"y of {path} is of shape {shape} and type {dtype}; give class numbers "
                "(N,) from 0 or one-hot rows (N, classes)."
            )
    return next(iter(counts.values()))[0]


def _stream(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    return archive.open(f"{name}.npy")


def _header(archive: zipfile.ZipFile, name: str) -> tuple[Shape, np.dtype]:
    with _stream(archive, name) as stream:
        shape, _, dtype = _start(stream)
        left = archive.getinfo(f"{name}.npy").file_size - stream.tell()
    if left != np.prod(shape, dtype=np.int64) * dtype.itemsize:
        raise ValueError(f"{name} of shape {shape} is cut short")
    return shape, dtype


def _start(stream: IO[bytes]) -> tuple[Shape, bool, np.dtype]:
    """Read up to the first value: shape, Fortran order, type."""
    major = np.lib.format.read_magic(stream)[0]
    read = (
        np.lib.format.read_array_header_1_0
        if major == 1
        else np.lib.format.read_array_header_2_0
    )
    shape, fortran, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("an array of Python objects")
    return shape, fortran, dtype


def _rows(stream: IO[bytes], count: int) -> Iterator[np.ndarray]:
    (size, *sample), fortran, dtype = _start(stream)
    if fortran:  # the values of one sample are spread over the whole file
        values = np.frombuffer(stream.read(), dtype).reshape((size, *sample), order="F")
        yield from (values[i : i + count] for i in range(0, size, count))
        return
    row = int(np.prod(sample, dtype=np.int64)) * dtype.itemsize
    for i in range(0, size, count):
        rows = min(count, size - i)
        yield np.frombuffer(stream.read(rows * row), dtype).reshape(rows, *sample)


def _folder(
    path: Path, inputs: Mapping[str, Shape], raw: bool
) -> tuple[int, Callable[[int], Iterator[Batch]]]:
    shapes = list(inputs.values())
    if len(shapes) > 1 or len(shapes[0]) != 3 or shapes[0][2] not in (1, 3):
        raise DataError(
            f"{path} is a folder of images, the program takes {dict(inputs)}; give an "
            "npz file with an array for each input instead."
        )
    ((key, shape),) = inputs.items()
    try:
        classes = sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] != ".")
        by_class = [
            [(p, k) for p in sorted(folder.iterdir()) if p.suffix.lower() in IMAGES]
            for k, folder in enumerate(classes)
        ]
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error}); check its permissions."
        ) from error
    # The classes take turns, so that a limit shows them all.
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*by_class))
    files = [item for item in in_turn if item is not None]
    if not files:
        raise DataError(
            f"The folder {path} has no images ({', '.join(IMAGES)}) in subfolders; put "
            "those of each class in one of its own, as in FOLDER/CLASS/image.png."
        )

    def read(count: int) -> Iterator[Batch]:
        for i in range(0, len(files), count):
            part = files[i : i + count]
            x = np.stack([read_image(file, shape, raw) for file, _ in part])
            yield {key: x}, np.array([k for _, k in part])

    return len(files), read
