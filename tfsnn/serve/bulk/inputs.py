"""Find the files to predict, count their samples, and identify them by digests."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfsnn.data import IMAGES, Data, Progress
from tfsnn.data.digest import data_digest
from tfsnn.data.images import read_image
from tfsnn.data.tfrecord import TFRECORD, open_tfrecord, scan
from tfsnn.errors import DataError, OptionError
from tfsnn_numpy.image_folder import check_image_shape, open_images
from tfsnn_numpy.npz import check_npz, open_npz
from tfsnn_numpy.samples import Inputs, Raw

NPZ, TFRECORDS, FOLDER = "npz", "tfrecord", "images"
KINDS = "TFRecord files (*.tfrecord), npz files, or folders of images"


@dataclass(frozen=True)
class Reading:
    """The way samples are read: for which inputs, raw or not, from which features."""

    inputs: Inputs
    raw: Raw
    image_key: str
    label_key: str | None


@dataclass(frozen=True)
class Source:
    """A file of samples, or a folder of images.

    Attributes:
        name: the path from the folder that holds all of them; it is in the results.
        kind: npz, tfrecord or images.
        samples: number of samples.
        bytes: size of the file, or of all images in a folder.
        digest: that of the checksums in a file, or of the names and sizes of images.
        labelled: whether there are labels.
        label: the class of all images in a folder.
        modified: time of change in nanoseconds, for files whose digest is slow to find.
    """

    name: str
    kind: str
    samples: int
    bytes: int
    digest: str
    labelled: bool
    label: int | None = None
    modified: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict without the fields that are None."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def find(given: str | os.PathLike[str] | Sequence[Any]) -> tuple[Path, list[Path]]:
    """Find the paths that patterns match, sorted, and the folder that holds them all.

    Raises OptionError for no pattern, DataError for one that matches nothing.
    """
    single = isinstance(given, str | os.PathLike)
    patterns: Any = [given] if single else given
    found: dict[str, None] = {}
    for pattern in (os.fspath(path) for path in patterns):
        whole = [pattern] if os.path.exists(pattern) else []
        matches = whole or sorted(glob.glob(pattern, recursive=True))
        if not matches:
            raise DataError(
                f"nothing matches {pattern!r}, seen from {Path.cwd()}; give the path "
                f"or pattern of {KINDS}."
            )
        found.update(dict.fromkeys(map(os.path.abspath, matches)))
    if not found:
        raise OptionError(f"no data is named; give the path or pattern of {KINDS}.")
    root = os.path.commonpath([os.path.dirname(path) for path in found])
    return Path(root), [Path(path) for path in found]


def list_sources(
    root: Path,
    paths: Iterable[Path],
    reading: Reading,
    known: Mapping[str, Mapping[str, Any]],
    progress: Progress | None = None,
) -> list[Source]:
    """List the sources in each path; every file is opened, and none is read through.

    Args:
        root: folder that holds all paths.
        paths: paths from :func:`find`.
        reading: the inputs that the files have to fit.
        known: earlier results by name: a TFRecord file of the same size and time
            of change is not counted again.
        progress: wraps the paths.

    Raises DataError for a path that is no data, and for data that does not fit.
    """
    paths = list(paths)
    found: dict[str, Source] = {}  # a pattern may match a folder and what is in it
    for path in progress(paths, len(paths), "listing") if progress else paths:
        for source in _in_path(root, path, reading, known):
            found.setdefault(source.name, source)
    return list(found.values())


def _in_path(
    root: Path, path: Path, reading: Reading, known: Mapping[str, Mapping[str, Any]]
) -> Iterator[Source]:
    name = path.relative_to(root).as_posix()
    if path.is_dir():
        yield from _in_folder(root, path, reading)
    elif path.suffix.lower() == ".npz":
        data = open_npz(path, reading.inputs, reading.raw)
        digest, size = data_digest(path, data), path.stat().st_size
        yield Source(name, NPZ, data.size or 0, size, digest, data.has_labels)
    elif TFRECORD.search(path.name):
        _one_input(path, reading)
        state, before = path.stat(), known.get(name, {})
        if (state.st_size, state.st_mtime_ns) == (
            before.get("bytes"),
            before.get("modified"),
        ):
            count, digest = before["samples"], before["digest"]
        else:
            count, digest = scan(path)
        yield Source(
            *(name, TFRECORDS, count, state.st_size, digest),
            labelled=reading.label_key is not None,
            modified=state.st_mtime_ns,
        )
    else:
        raise DataError(
            f"{path} is none of {KINDS}; give a pattern that leaves it out."
        )


def _in_folder(root: Path, path: Path, reading: Reading) -> Iterator[Source]:
    """Yield a source for each folder with images in it.

    Where the images are in subfolders only, these are their classes.
    """
    _one_input(path, reading)
    check_image_shape(path, reading.inputs)
    classes: list[str] | None = None
    empty = True
    for folder, below, _ in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        names = image_names(folder)
        if classes is None:
            classes = [] if names else list(below)
        if not names:
            continue
        empty = False
        place = Path(folder).relative_to(path).parts
        label = classes.index(place[0]) if classes else None
        digest, size = hashlib.sha256(), 0
        for name in names:
            length = os.path.getsize(os.path.join(folder, name))
            digest.update(os.fsencode(f"{name} {length}\n"))
            size += length
        yield Source(
            *(Path(folder).relative_to(root).as_posix(), FOLDER, len(names), size),
            *(digest.hexdigest(), label is not None, label),
        )
    if empty:
        raise DataError(
            f"the folder {path} holds no images ({', '.join(IMAGES)}); give {KINDS}."
        )


def image_names(folder: str | os.PathLike[str]) -> list[str]:
    """List the images directly in a folder, in the order of their names."""
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.name.lower().endswith(IMAGES))


def _one_input(path: Path, reading: Reading) -> None:
    if len(reading.inputs) > 1:
        raise DataError(
            f"{path} gives one input, the model takes {len(reading.inputs)}: "
            f"{', '.join(reading.inputs)}; give npz files with an array for each."
        )


def open_source(
    root: Path, source: Source, reading: Reading
) -> tuple[Data, Callable[[int], str]]:
    """Open a source: return its samples, and a function that names a row.

    An npz file is compared with its checksums first: no sample is used if any
    is damaged.
    """
    path = root / source.name
    if source.kind == FOLDER:
        names = image_names(path)
        files = [(f"{path}/{name}", source.label or 0) for name in names]
        data = open_images(
            f"the folder {path}",
            files,
            reading.inputs,
            reading.raw,
            read_image,
            source.label is not None,
        )
        return data, lambda row: f"{source.name}/{names[row]}"
    if source.kind == NPZ:
        check_npz(path)
        data = open_npz(path, reading.inputs, reading.raw)
    else:
        data = open_tfrecord(
            path,
            reading.inputs,
            reading.raw,
            reading.image_key,
            reading.label_key,
            source.samples,
        )
    return data, lambda row: f"{source.name}#{row}"
