"""Data sets of recordings that the package tonic reads, downloaded if needed.

Any object like its data sets is taken: with a length, items ``(events, label)`` whose
events are a structured array with fields t, x, y and p, and a ``sensor_size`` (width,
height, polarities), or None.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.data.over_time.events import fields_of
from tfsnn.data.over_time.recordings import Recording, Recordings, open_recordings
from tfsnn.data.over_time.settings import OverTime
from tfsnn.errors import DataError, OptionError, unknown
from tfsnn.extras import require
from tfsnn_numpy.samples import Data, Inputs, Raw, refusing

TONIC_NAME = re.compile(r"tonic:(?P<name>[^:]+)(:(?P<split>[^:]+))?")
DATA_DIR = "TONIC_DATA_DIR"
FAILURES = (
    *(OSError, ValueError, KeyError, IndexError, RuntimeError),
    AssertionError,  # for a split that does not exist
)


def is_recordings(spec: Any) -> bool:
    """Return whether an object is like a data set of tonic."""
    return all(hasattr(spec, name) for name in ("sensor_size", "__getitem__"))


def open_tonic(
    wanted: str,
    split: str | None,
    default: str,
    data_dir: str | os.PathLike[str] | None,
) -> Any:
    """Return a data set of tonic by its name; download it if it is not there.

    Args:
        wanted: name of its class in ``tonic.datasets``, as in NMNIST.
        split: train or test, or another that the data set has; None for the default.
        default: split to take if the data set has several.
        data_dir: where it is kept; else $TONIC_DATA_DIR, else ~/tonic_datasets.

    Raises:
        MissingPackageError: if tonic is not installed.
        OptionError: for a name or a split that tonic does not have.
        DataError: if the data set cannot be read or downloaded.
    """
    sets = require("tonic.datasets", "events", f"The data set tonic:{wanted}")
    kinds: dict[str, Any] = dict(inspect.getmembers(sets, inspect.isclass))
    takes = {name: inspect.signature(kind).parameters for name, kind in kinds.items()}
    known = [name for name, parameters in takes.items() if "save_to" in parameters]
    if wanted not in known:
        raise unknown("data set of tonic", wanted, known)
    options = _split(wanted, takes[wanted], split, default)
    folder = Path(
        data_dir or os.environ.get(DATA_DIR) or Path.home() / "tonic_datasets"
    )
    what = f"tonic:{wanted} is not in {folder} and cannot be downloaded"
    way_out = f"connect to the network, or point {DATA_DIR} at a folder that holds it"
    # tonic reports progress on stdout, which a command needs for its own output.
    with refusing(FAILURES, what, way_out), contextlib.redirect_stdout(sys.stderr):
        return kinds[wanted](save_to=str(folder), **options)


def _split(
    name: str, takes: Collection[str], split: str | None, default: str
) -> dict[str, Any]:
    """Return the arguments that stand for a split of a data set."""
    chosen = split or default
    if "split" in takes:
        return {"split": chosen}
    if "train" in takes and chosen in ("train", "test"):
        return {"train": chosen == "train"}
    if split is None:
        return {}
    known = "splits train and test" if "train" in takes else "no splits"
    raise OptionError(f"tonic:{name} has {known}, not {split!r}: give tonic:{name}")


def open_recording_set(
    name: str, recordings: Any, inputs: Inputs, raw: Raw, asked: OverTime
) -> Data:
    """Open an object that is like a data set of tonic.

    Raises:
        DataError: for items that are no events with a class number.
    """
    if asked.sensor is None and recordings.sensor_size is not None:
        width, height, *_ = recordings.sensor_size
        asked = replace(asked, sensor=(int(height), int(width)))

    order = _in_turn(recordings)

    def read(start: int) -> Iterator[Recording]:
        for number in order[start:].tolist():
            what = f"recording {number} of {name}, counted from 0,"
            with refusing(FAILURES, f"{what} cannot be read", "repair or remove it"):
                item = recordings[number]
            yield _recording(what, item)

    return open_recordings(
        Recordings(name, len(recordings), True, read), inputs, raw, asked
    )


def _in_turn(recordings: Any) -> np.ndarray:
    """Return the order to read recordings in: classes take turns, if they are known.

    Many sets are sorted by class, so that a limit would show the first class alone.
    """
    size = len(recordings)
    labels = getattr(recordings, "targets", None)
    classes = np.asarray(labels) if isinstance(labels, list | np.ndarray) else None
    if classes is None or classes.shape != (size,) or classes.dtype.kind not in "iu":
        return np.arange(size)
    by_class = np.argsort(classes, kind="stable")
    first = np.searchsorted(classes[by_class], classes[by_class])
    turns = np.arange(size) - first
    return by_class[np.lexsort((classes[by_class], turns))]


def _recording(what: str, item: Any) -> Recording:
    """Return a recording, checked to be the events and label of one."""
    events, label = item if isinstance(item, tuple) and len(item) == 2 else (item, None)
    if label is None or np.ndim(label) or np.asarray(label).dtype.kind not in "iu":
        raise DataError(f"{what} has the label {label!r}: give (events, class number)")
    fields = fields_of(events)
    if not fields:
        raise DataError(
            f"{what} is {type(events).__name__} without fields t, x and p: give events "
            "as a structured array, without a transform that makes frames of them"
        )
    return what, fields, label
