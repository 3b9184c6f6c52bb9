"""Read the config of a Keras file as data, with bounds, before Keras reads the file."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import h5py
import numpy as np

from tfsnn_numpy.files import open_regular, read_at_most
from tfsnn_numpy.json_text import MOST_BYTES, parse_json

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
# Deflate makes nothing smaller than this, and HDF5 files of Keras are not compressed.
MOST_EXPANSION = 1100
FLOOR = 2**26  # bytes that anything may expand to
LOCAL_HEADER = 30  # bytes before the name of a member
MODELS = (".keras", ".h5", ".hdf5", "saved_model.pb")  # in other archives
MOST_OBJECTS = 10**6  # in an HDF5 file


class Archive(NamedTuple):
    """What a ``.keras`` file holds.

    Attributes:
        config: the model's config.
        values: the number of values of all its weights.
        of_keras_3: whether Keras 3 wrote it.
    """

    config: Any
    values: int
    of_keras_3: bool


def read_archive(path: Path) -> Archive:
    """Read the config in a ``.keras`` file, and count its weights.

    Raises:
        OSError: if it is no regular file, or no such file.
        ValueError: if it is damaged, expands to more than it can, or leads to other
            files.
    """
    with open_regular(path) as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            _check_expansion(
                f"its member {member.filename!r}",
                member.file_size,
                member.compress_size,
            )
        names = archive.namelist()
        if missing := {CONFIG, WEIGHTS} - set(names):
            models = [name for name in names if name.endswith(MODELS)]
            if models:
                raise ValueError(
                    f"it is a zip archive with {models[0]} in it: unpack it and open "
                    "that"
                )
            raise ValueError(f"it has no member {min(missing)}")
        config = _json(archive, CONFIG)
        written = _json(archive, METADATA) if METADATA in archive.namelist() else {}
        version = written.get("keras_version") if isinstance(written, dict) else None
        with h5py.File(_Member(file, archive, WEIGHTS), "r") as weights:
            values = count_values(weights)
    return Archive(config, values, not str(version).startswith("2"))


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    with archive.open(name) as opened:
        return parse_json(read_at_most(opened, MOST_BYTES))


@contextlib.contextmanager
def open_weights(path: Path) -> Iterator[h5py.File]:
    """Open the weights in a ``.keras`` file; :func:`read_archive` looks through it."""
    with (
        open_regular(path) as file,
        zipfile.ZipFile(file) as archive,
        h5py.File(_Member(file, archive, WEIGHTS), "r") as weights,
    ):
        yield weights


class _Member(io.RawIOBase):
    """A member of a zip archive that can be read anywhere.

    That of `zipfile` reads from its start whenever it goes back.
    """

    def __init__(self, file: BinaryIO, archive: zipfile.ZipFile, name: str) -> None:
        info = archive.getinfo(name)
        if info.compress_type != zipfile.ZIP_STORED:
            file, start = io.BytesIO(archive.read(name)), 0
        else:
            file.seek(info.header_offset)
            header = file.read(LOCAL_HEADER)
            lengths = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
            start = info.header_offset + LOCAL_HEADER + sum(lengths)
        self._file, self._start, self._size, self._at = file, start, info.file_size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        before = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}
        self._at = before[whence] + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        found = self._file.read(min(len(buffer), max(self._size - self._at, 0)))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


def config_of_hdf5(stored: h5py.File) -> Any:
    """Return the config in an HDF5 file; None where there is none.

    Raises:
        ValueError: if it is no JSON.
    """
    if "model_config" not in stored.attrs:
        return None
    if stored.attrs.get_id("model_config").shape != ():
        raise ValueError("its model_config is no text")
    config = stored.attrs["model_config"]
    return parse_json(config if isinstance(config, bytes) else str(config))


def count_values(stored: h5py.File) -> int:
    """Count the values of all datasets in an HDF5 file.

    Raises:
        ValueError: if there are links to other files, or datasets that say to be larger
            than what is stored of them can be.
    """
    total = size_of_all = stored_of_all = 0
    for name, dataset in _datasets(stored):
        if dataset.is_virtual or dataset.external:
            raise ValueError(f"{name} leads to another file")
        total += dataset.size or 0
        size_of_all += (dataset.size or 0) * max(dataset.dtype.itemsize, 1)
        stored_of_all += dataset.id.get_storage_size()
        _check_expansion(name, size_of_all, stored_of_all)
    return total


def _datasets(stored: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield every dataset once, by its path; groups may lead to each other."""
    waiting, seen = [("", stored)], set()
    while waiting:
        path, group = waiting.pop()
        for name in group:
            place = f"{path}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{place} is a link")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > MOST_OBJECTS:
                raise ValueError(f"it holds more than {MOST_OBJECTS:,} objects")
            if isinstance(item, h5py.Group):
                waiting.append((place, item))
            elif isinstance(item, h5py.Dataset):
                yield place, item


def _check_expansion(what: str, size: int, stored: int) -> None:
    if size > max(FLOOR, MOST_EXPANSION * stored):
        raise ValueError(
            f"{what} is said to hold {size:,} bytes, of which {stored:,} are stored"
        )


def claimed_values(config: Any) -> int:
    """Count the values of the arrays that the graph of a spiking network states."""
    if isinstance(config, list | tuple):
        return sum(map(claimed_values, config))
    if not isinstance(config, dict):
        return 0
    shape = config.get("array")
    if set(config) == {"array"} and isinstance(shape, list):
        whole = all(isinstance(n, int) and n >= 0 for n in shape)
        return int(np.prod(shape, dtype=object)) if whole else 0
    return sum(map(claimed_values, config.values()))
