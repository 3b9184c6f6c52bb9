"""TFRecord files of ``tf.train.Example`` as data, read a batch at a time.

A sample is one feature of a record, in any of these forms:

* an encoded image (jpeg, png, gif, bmp), resized bilinearly, with the channels that the
  model takes, as in a folder of images;
* bytes with all values as uint8, or as float32 (little-endian);
* a float list, passed on unchanged;
* an int64 list of 8-bit values.

8-bit values become 0..1. If raw, they stay as they are, and an int64 list may hold any
integers. A file may be compressed with gzip. TensorFlow checks the checksums of every
record; an error names the record, counted from 0.

Format: https://www.tensorflow.org/tutorials/load_data/tfrecord: for each record a
uint64 length and its CRC-32C (:mod:`tfsnn.data.record_length`), the bytes, and their
CRC-32C.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import math
import os
import re
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
import tensorflow as tf

from tfsnn.data.images import decoded
from tfsnn.data.record_length import BYTES, record_length
from tfsnn.errors import DataError
from tfsnn_numpy.defaults import IMAGE_KEY
from tfsnn_numpy.files import open_regular
from tfsnn_numpy.image_folder import DECODERS
from tfsnn_numpy.image_size import check_image_size
from tfsnn_numpy.samples import Data, Inputs, Raw, Shape, Stored, refusing

TFRECORD = re.compile(r"\.tfrecords?(-\d+-of-\d+)?(\.gz)?$", re.IGNORECASE)
FOOTER = 4  # bytes behind a record
IMAGE_MARKS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8")  # bmp's is too short
_DAMAGE = (OSError, EOFError, OverflowError, zlib.error)
WAY_OUT = "write or copy the file again"


class Records(NamedTuple):
    """The number of records in a file, and a digest of all their checksums."""

    size: int
    digest: str


def open_tfrecord(
    path: Path,
    inputs: Inputs,
    raw: Raw,
    image_key: str = IMAGE_KEY,
    label_key: str | None = None,
    size: int | None = None,
) -> Data:
    """Open the records of one file, for a model with one input.

    Args:
        path: path of the file.
        inputs: shape of the model's input, by its name.
        raw: names of inputs whose integers are kept as they are.
        image_key: name of the feature with the sample.
        label_key: name of the int64 feature with the class number; None for no labels.
        size: number of records, if it is known. Otherwise they are counted, but not if
            that means decompressing them.
    """
    ((key, shape),) = inputs.items()
    compressed = is_compressed(path)
    if size is None and not compressed:
        size = scan(path).size

    def sample(record: bytes, row: int) -> tuple[np.ndarray, int]:
        example = tf.train.Example()
        where = f"record {row} of {path}, counted from 0,"
        # The class of protobuf's DecodeError differs between its versions.
        with refusing((Exception,), f"{where} is no tf.train.Example", WAY_OUT):
            example.ParseFromString(record)
        x = _values(_feature(example, image_key, where), shape, raw, where)
        if label_key is None:
            return x, 0
        labels = _feature(example, label_key, where).int64_list.value
        if len(labels) != 1:
            raise DataError(
                f"{where} has {len(labels)} integers as {label_key!r}; a label is the "
                "number of a class: give another label key, or none."
            )
        return x, labels[0]

    def read(count: int, start: int) -> Iterator[Stored]:
        row = start
        with ThreadPoolExecutor(DECODERS) as pool:
            for records in _batches(path, compressed, count, start):
                found = pool.map(sample, records, itertools.count(row))
                x, y = zip(*found, strict=True)
                row += len(records)
                yield {key: np.stack(x)}, None if label_key is None else np.array(y)

    return Data(str(path), inputs, raw, size, label_key is not None, read)


def is_compressed(path: Path) -> bool:
    """Whether a file is compressed with gzip, by its first bytes."""
    damage = ((OSError,), f"{path} cannot be read", "check path and permissions")
    with refusing(*damage), open_regular(path) as file:
        return file.read(3) == b"\x1f\x8b\x08"


def scan(path: Path) -> Records:
    """Count the records of a file by their lengths, without reading their contents.

    Raises:
        DataError: if the file cannot be read, or ends within a record.
    """
    count, digest = 0, hashlib.sha256()
    compressed = is_compressed(path)
    what = f"{path} cannot be read as a TFRecord file, or is damaged"
    with (
        refusing(_DAMAGE, what, WAY_OUT),
        open_regular(path) as stored,
        cast(IO[bytes], gzip.open(stored) if compressed else stored) as file,
    ):
        while header := file.read(BYTES):
            length, footer = record_length(header), b""
            if length is not None:
                file.seek(length, os.SEEK_CUR)
                footer = file.read(FOOTER)
            if len(footer) < FOOTER:
                raise DataError(
                    f"{path} is cut short, or damaged, in record {count}, counted "
                    f"from 0; {WAY_OUT}."
                )
            digest.update(header + footer)
            count += 1
    return Records(count, digest.hexdigest())


def _batches(
    path: Path, compressed: bool, count: int, start: int
) -> Iterator[list[bytes]]:
    """Yield the records from `start` on, `count` at a time."""
    kind = "GZIP" if compressed else ""
    row = start
    try:
        records = tf.data.TFRecordDataset(os.fsencode(path), kind).skip(start)
        for batch in records.batch(count).as_numpy_iterator():
            yield list(batch)
            row += len(batch)
    except tf.errors.OpError as error:
        row += _sound(path, kind, row)
        raise DataError(
            f"record {row} of {path}, counted from 0, cannot be read: the file is cut "
            f"short or damaged there ({type(error).__name__}); {WAY_OUT}."
        ) from error


def _sound(path: Path, kind: str, start: int) -> int:
    """Count the records from `start` on that can be read before an error."""
    count = 0
    try:
        for _ in tf.data.TFRecordDataset(os.fsencode(path), kind).skip(start):
            count += 1
    except tf.errors.OpError:
        pass
    return count


def _feature(example: Any, key: str, where: str) -> Any:
    features = example.features.feature
    if key not in features:
        raise DataError(
            f"{where} has no feature {key!r}, only {', '.join(sorted(features))}; name "
            "the one to be used as the image key or the label key."
        )
    return features[key]


def _values(feature: Any, shape: Shape, raw: Raw, where: str) -> np.ndarray:
    """Return the values of a sample, in float32 and this shape."""
    kind = feature.WhichOneof("kind")
    values: Any = getattr(feature, kind).value if kind else ()
    if kind == "bytes_list" and len(values) == 1:
        return _of_bytes(values[0], shape, raw, where)
    if kind not in ("float_list", "int64_list") or len(values) != math.prod(shape):
        raise _misfit(where, f"{len(values)} values as {kind or 'nothing'}", shape)
    if kind == "float_list":
        return np.array(values, np.float32).reshape(shape)
    found = np.array(values, np.int64)
    if not raw and (found.min() < 0 or found.max() > 255):
        raise DataError(
            f"{where} holds integers from {found.min()} to {found.max()}, whose range "
            "is not known; store them as floats, or keep the values with raw=True."
        )
    return _pixels(found, shape, raw)


def _of_bytes(stored: bytes, shape: Shape, raw: Raw, where: str) -> np.ndarray:
    count = math.prod(shape)
    if not stored.startswith(IMAGE_MARKS):
        if len(stored) == count:
            return _pixels(np.frombuffer(stored, np.uint8), shape, raw)
        if len(stored) == 4 * count:
            return np.frombuffer(stored, "<f4").astype(np.float32).reshape(shape)
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise _misfit(where, f"{len(stored)} bytes", shape)
    what = f"the image in {where} cannot be read"
    with refusing((tf.errors.OpError,), what, "replace or remove it"):
        check_image_size(stored, f"the image in {where}")
        return decoded(stored, shape, raw)


def _pixels(values: np.ndarray, shape: Shape, raw: Raw) -> np.ndarray:
    """Turn 8-bit values into float32, 0..1, or as they are if raw."""
    pixels = values.astype(np.float32).reshape(shape)
    return pixels if raw else pixels * np.float32(1 / 255)


def _misfit(where: str, received: str, shape: Shape) -> DataError:
    return DataError(
        f"{where} holds {received}, the model takes {shape}: give {math.prod(shape)} "
        "values as bytes (uint8), floats or integers, or, for (height, width, 1 or 3), "
        "an encoded image."
    )
