"""Data by path, streamed in batches, so that memory does not grow with the set.

:func:`open_data` accepts an ``.npz`` file, a folder of images by class, a
``tfds:NAME``, arrays, or a ``tf.data.Dataset``, and returns a :class:`Data`, which
can be read any number of times. What can be checked without reading the samples
(shape, type, labels, split) is checked on opening; every batch is checked again.

Values: unsigned 8-bit numbers become 0..1 (times 1/255, as Keras's ``Rescaling``
computes it); floating point and booleans are passed on unchanged; other integers are
refused, as their range is not known. With ``raw=True`` every number type is passed
on unchanged, as float32.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import DataError, OptionError

Shape = tuple[int, ...]
Batch = tuple[np.ndarray, np.ndarray | None]

FORMS = (
    "FILE.npz (arrays x and, for labels, y), a folder of images with one subfolder "
    "per class, or tfds:NAME[:SPLIT]"
)
IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
_TFDS = re.compile(
    r"(?P<name>[^:\[\]]+(:\d+\.(\d+|\*)\.(\d+|\*))?)(:(?P<split>[^:].*))?"
)
# RuntimeError: an encrypted member, or a compression that zipfile does not know.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError)


@dataclass(frozen=True)
class Data:
    """Samples that can be read again and again; made by :func:`open_data`.

    `size` is the number of samples, None when it is not known before reading.
    `read(n)` yields unchecked batches of at most n samples, as stored.
    """

    name: str
    input_shape: Shape
    raw: bool
    size: int | None
    has_labels: bool
    read: Callable[[int], Iterator[Batch]]
    limit: int | None = None

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """Read from the start, `batch_size` samples at a time (the last may be less).

        Yields x float32 ``(B, *input_shape)`` and y int64 ``(B,)``, or None where
        the data has no labels. Raises OptionError for a `batch_size` below 1, and,
        while reading, DataError for samples that are damaged, of the wrong shape or
        type, not finite, or none at all.
        """
        _at_least_one("batch_size", batch_size)
        return self._batches(batch_size)

    def _batches(self, batch_size: int) -> Iterator[Batch]:
        start = 0
        for x, y in self.read(batch_size):
            y_shape = None if y is None else y.shape
            _check(self.name, x.shape, x.dtype, y_shape, self.input_shape, self.raw)
            room = len(x) if self.limit is None else self.limit - start
            inputs = _inputs(self, x[:room], start)
            yield inputs, None if y is None else _classes(self, y[:room], start)
            start += len(inputs)
            if start == self.limit:
                break
        if start == 0:
            raise DataError(f"{self.name} holds no samples; give data with at least 1.")


def open_data(
    spec: str | os.PathLike[str] | np.ndarray | tuple | tf.data.Dataset | Data,
    input_shape: Shape,
    *,
    default_split: str = "train",
    raw: bool = False,
    limit: int | None = None,
    labels: bool = False,
    data_dir: str | os.PathLike[str] | None = None,
) -> Data:
    """Open data for a model with inputs of `input_shape`, without the batch axis.

    `spec` is one of

    * ``"FILE.npz"``: array x and optionally y, read a batch at a time (whole only
      when in Fortran order);
    * a folder with one subfolder of images (png, jpeg, bmp, gif) per class, numbered in
      the order of their names. Images are resized bilinearly and get the channels of
      `input_shape`. The classes take turns, so that a `limit` shows them all;
    * ``"tfds:NAME[:SPLIT]"``: NAME with optional ``/config`` and ``:1.2.3``, SPLIT
      such as ``test`` or ``train[:10%]``, else `default_split`. Kept in `data_dir`,
      else $TFDS_DATA_DIR, else the default of tfds. 8-bit images are resized;
    * an array x, a pair of arrays (x, y), a ``tf.data.Dataset`` of batches of x or
      (x, y), or a :class:`Data`, to which `raw` and `data_dir` do not apply.

    x of shape (N, H, W) fits inputs of shape (H, W, 1). y holds class numbers from 0,
    of shape (N,) or (N, 1), or is one-hot (N, classes). `raw` keeps 8-bit values at
    0..255. `limit` is the greatest number of samples to read. `labels` refuses data
    without labels; labels that exist are always read.

    Raises OptionError for a `spec` of another form and a `limit` below 1, DataError
    for data that is missing, damaged, empty, or does not fit.
    """
    if limit is not None:
        _at_least_one("limit", limit)
    shape = tuple(input_shape)
    data = _open(spec, shape, raw, default_split, data_dir)
    if data.input_shape != shape:
        raise DataError(
            f"{data.name} was opened for inputs of shape {data.input_shape}, the model "
            f"takes {shape}; open it again for this model."
        )
    if data.size == 0:
        raise DataError(f"{data.name} holds no samples; give data with at least 1.")
    if labels and not data.has_labels:
        raise DataError(
            f"{data.name} holds no labels, which are needed here; give the class "
            "numbers as y (array y of an npz file, second of a pair)."
        )
    caps = [cap for cap in (limit, data.limit) if cap is not None]
    if not caps:
        return data
    size = None if data.size is None else min(data.size, *caps)
    return replace(data, limit=min(caps), size=size)


def _open(spec: Any, shape: Shape, raw: bool, split: str, data_dir: Any) -> Data:
    if isinstance(spec, Data):
        return spec
    if isinstance(spec, np.ndarray):
        return _arrays("the array", spec, None, shape, raw)
    if isinstance(spec, tuple) and len(spec) == 2:
        y = None if spec[1] is None else np.asarray(spec[1])
        return _arrays("the pair of arrays", np.asarray(spec[0]), y, shape, raw)
    if isinstance(spec, tf.data.Dataset):
        return _dataset(spec, shape, raw)
    if isinstance(spec, str) and spec.startswith("tfds:"):
        match = _TFDS.fullmatch(spec.removeprefix("tfds:"))
        if match:
            return _tfds(match["name"], match["split"] or split, shape, raw, data_dir)
    elif isinstance(spec, (str, os.PathLike)):
        path = Path(spec)
        if path.is_dir():
            return _folder(path, shape, raw)
        if path.suffix.lower() == ".npz":
            return _npz(path, shape, raw)
        if not path.exists() and not path.suffix and ":" not in str(path):
            raise DataError(
                f"There is no file or folder {path}, seen from {Path.cwd()}; check the "
                f"path. Data is given as {FORMS}."
            )
    received = repr(spec) if isinstance(spec, (str, os.PathLike)) else type(spec)
    raise OptionError(
        f"Data cannot be opened from {received}; give {FORMS}. In Python also: an "
        "array x, a pair of arrays (x, y), a tf.data.Dataset of batches."
    )


def _at_least_one(option: str, value: int) -> None:
    if value < 1:
        raise OptionError(f"{option} is {value}; give a whole number from 1 up.")


@contextlib.contextmanager
def _refusing(
    kinds: tuple[type[Exception], ...], what: str, way_out: str
) -> Iterator[None]:
    """Turn errors of these kinds into a DataError that says what and the way out."""
    try:
        yield
    except DataError:  # is a ValueError, and says it better already
        raise
    except kinds as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"{what} ({reason}); {way_out}.") from error


def _check(name: str, x: Any, dtype: np.dtype, y: Any, shape: Shape, raw: bool) -> None:
    """Refuse arrays of shapes x and y (None: no y), x of this type, that do not fit."""
    if len(x) == 0 or shape not in (tuple(x[1:]), (*x[1:], 1)):
        raise DataError(
            f"x of {name} has shape {tuple(x)}, the model takes {('N', *shape)}, for N "
            "samples; give data of the shape the model was trained on."
        )
    integer = dtype.kind in "iu"
    if not (dtype == np.uint8 or dtype.kind in "fb" or (raw and integer)):
        out = "uint8 or float32, or keep its values with raw=True"
        raise DataError(
            f"x of {name} is of type {dtype}, whose range is not known; store it as "
            f"{out if integer else 'float32 or uint8'}."
        )
    if y is not None and tuple(y[:1]) != (x[0],):
        raise DataError(
            f"{name}: x has {x[0]} samples but y is of shape {tuple(y)}; give one "
            "label per sample."
        )


def _inputs(data: Data, x: np.ndarray, start: int) -> np.ndarray:
    with np.errstate(over="ignore"):  # a float64 that becomes Inf is reported below
        values = x.astype(np.float32).reshape(len(x), *data.input_shape)
    if x.dtype == np.uint8 and not data.raw:
        values *= np.float32(1 / 255)
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not finite.all():
        raise DataError(
            f"x of {data.name} holds NaN or Inf (as float32) in sample "
            f"{start + int(finite.argmin())}, counted from 0; remove or repair it."
        )
    return values


def _classes(data: Data, y: np.ndarray, start: int) -> np.ndarray:
    forms = (
        "class numbers (N,) from 0 or one-hot rows (N, classes), or leave y out where "
        "no labels are needed"
    )
    if y.dtype.kind not in "biuf" or y.ndim not in (1, 2) or 0 in y.shape[1:]:
        raise DataError(
            f"y of {data.name} is of shape {y.shape} and type {y.dtype}; give {forms}."
        )
    if y.ndim == 2 and y.shape[1] > 1:
        classes = y.argmax(axis=1).astype(np.int64)
        wrong = (np.count_nonzero(y, axis=1) != 1) | (y.max(axis=1) != 1)
    else:
        flat = y.reshape(len(y))
        with np.errstate(invalid="ignore"):  # NaN becomes a number unequal to itself
            classes = flat.astype(np.int64)
        wrong = (classes != flat) | (classes < 0)
    if wrong.any():
        index = int(wrong.argmax())
        raise DataError(
            f"y of {data.name} is {y[index]} in sample {start + index}, counted from "
            f"0; give {forms}."
        )
    return classes


def _arrays(
    name: str, x: np.ndarray, y: np.ndarray | None, shape: Shape, raw: bool
) -> Data:
    _check(name, x.shape, x.dtype, None if y is None else y.shape, shape, raw)

    def read(count: int) -> Iterator[Batch]:
        for i in range(0, len(x), count):
            yield x[i : i + count], None if y is None else y[i : i + count]

    return Data(name, shape, raw, len(x), y is not None, read)


def _npz(path: Path, shape: Shape, raw: bool) -> Data:
    if not path.exists():
        raise DataError(f"There is no file {path}; check the path.")
    what = f"{path} cannot be read as an npz file of numbers, or is damaged"
    damage = (_DAMAGE, what, "write it again with numpy.savez(file, x=..., y=...)")
    with _refusing(*damage), zipfile.ZipFile(path) as archive:
        found = [name.removesuffix(".npy") for name in archive.namelist()]
        if "x" not in found:
            raise DataError(
                f"{path} has no array x, only {', '.join(found) or 'none at all'}; "
                "write it with numpy.savez(file, x=..., y=...)."
            )
        _, x_shape, _, dtype = _npy(archive, "x")
        keys = ("x", "y") if "y" in found else ("x",)
        y_shape = _npy(archive, "y")[1] if "y" in keys else None
        _check(str(path), x_shape, dtype, y_shape, shape, raw)

    def read(count: int) -> Iterator[Batch]:
        with _refusing(*damage), zipfile.ZipFile(path) as archive:
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


def _folder(path: Path, shape: Shape, raw: bool) -> Data:
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise DataError(
            f"{path} is a folder of images, but the model takes inputs of shape "
            f"{shape}, not (height, width, 1 or 3); give an npz file instead."
        )
    classes = sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] != ".")
    by_class = [
        [(p, k) for p in sorted(folder.iterdir()) if p.suffix.lower() in IMAGES]
        for k, folder in enumerate(classes)
    ]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*by_class))
    files = [item for item in in_turn if item is not None]
    if not files:
        missing = f"images ({', '.join(IMAGES)}) in" if classes else "class"
        raise DataError(
            f"The folder {path} has no {missing} subfolders; put the images of each "
            "class in a subfolder of its own, as in FOLDER/CLASS/image.png."
        )

    def read(count: int) -> Iterator[Batch]:
        for i in range(0, len(files), count):
            part = files[i : i + count]
            x = np.stack([_image(file, shape, raw) for file, _ in part])
            yield x, np.array([k for _, k in part])

    return Data(f"the folder {path}", shape, raw, len(files), True, read)


def _image(path: Path, shape: Shape, raw: bool) -> np.ndarray:
    damage = (tf.errors.OpError, OSError)
    with _refusing(damage, f"The image {path} cannot be read", "replace or remove it"):
        stored = path.read_bytes()
        # TensorFlow's bmp and gif decoders cannot convert channels, the others can.
        channels = 0 if stored.startswith((b"BM", b"GIF")) else shape[2]
        image = tf.io.decode_image(stored, channels, expand_animations=False)
        if image.shape[2] == 1 and shape[2] == 3:
            image = tf.image.grayscale_to_rgb(image)
        elif image.shape[2] != shape[2]:
            image = image[..., :3]  # without the alpha channel of a bmp
            image = tf.image.rgb_to_grayscale(image) if shape[2] == 1 else image
        return _pixels(image, shape, raw).numpy()


def _pixels(image: tf.Tensor, shape: Shape, raw: bool) -> tf.Tensor:
    """Resize one 8-bit image bilinearly, to float32 0..1, or 0..255 if raw."""
    resized = tf.image.resize(image, shape[:2])
    return resized if raw else resized * np.float32(1 / 255)


def _dataset(ds: tf.data.Dataset, shape: Shape, raw: bool) -> Data:
    name = "the tf.data.Dataset"
    spec = ds.element_spec
    parts = spec if isinstance(spec, tuple) else (spec,)
    plain = all(isinstance(part, tf.TensorSpec) and part.shape != () for part in parts)
    if not plain or len(parts) not in (1, 2):
        raise DataError(
            f"{name} yields {spec}; it must yield batches of x or of (x, y), as plain "
            "tensors: map and batch(...) it first."
        )
    if parts[0].shape[1:].is_fully_defined():
        dtype = np.dtype(parts[0].dtype.as_numpy_dtype)
        _check(name, parts[0].shape, dtype, None, shape, raw)
    if ds.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise DataError(f"{name} has no end; cut it with take(...).")

    def read(count: int) -> Iterator[Batch]:
        return _stream(name, ds.rebatch(count))

    return Data(name, shape, raw, None, len(parts) == 2, read)


def _stream(name: str, ds: tf.data.Dataset) -> Iterator[Batch]:
    way_out = "repair it, and see that its samples are all of one shape"
    with _refusing((tf.errors.OpError,), f"{name} cannot be read", way_out):
        for element in ds.as_numpy_iterator():
            x, *y = element if isinstance(element, tuple) else (element,)
            yield x, y[0] if y else None


def _tfds(wanted: str, split: str, shape: Shape, raw: bool, data_dir: Any) -> Data:
    import tensorflow_datasets as tfds  # slow to import, and most commands do without

    # AssertionError: no such version, or files to be fetched by hand. ImportError: a
    # package that only this data set needs.
    failures = (ValueError, KeyError, AssertionError, ImportError, OSError)
    checksum = tfds.download.download_manager.NonMatchingChecksumError
    fetching = (*failures, tfds.download.DownloadError, checksum)
    data_dir = data_dir or os.environ.get("TFDS_DATA_DIR")
    names = "the names are at https://www.tensorflow.org/datasets/catalog/overview"
    with _refusing(failures, f"There is no {wanted!r} in tensorflow-datasets", names):
        builder = tfds.builder(wanted, data_dir=data_dir)
    what = f"{wanted!r} is not in {builder.data_dir} and cannot be downloaded"
    way_out = "connect to the network, or point TFDS_DATA_DIR at a folder that holds it"
    # It reports progress on stdout, which belongs to a command's own output.
    with _refusing(fetching, what, way_out), contextlib.redirect_stdout(sys.stderr):
        builder.download_and_prepare()
    known = f"its splits are {', '.join(builder.info.splits)}, in part train[:10%]"
    with _refusing(failures, f"{wanted!r} has no labelled split {split!r}", known):
        size = builder.info.splits[split].num_examples
        # The default cache in memory would hold a whole small data set.
        config = tfds.ReadConfig(try_autocache=False)
        ds = builder.as_dataset(split=split, as_supervised=True, read_config=config)
    x = ds.element_spec[0]
    if isinstance(x, tf.TensorSpec) and x.dtype == tf.uint8 and len(x.shape) == 3:
        ds = ds.map(lambda x, y: (_pixels(x, shape, raw), y))
    name = f"tfds:{wanted}:{split}"

    def read(count: int) -> Iterator[Batch]:
        return _stream(name, ds.batch(count).prefetch(1))

    return Data(name, shape, raw, size, True, read)
