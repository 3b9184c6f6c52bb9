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
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.data.over_time.events import fields_of
from tfsnn.data.over_time.recordings import Recording, Recordings, open_recordings
from tfsnn.data.over_time.settings import OverTime
from tfsnn.errors import DataError, unknown
from tfsnn.extras import require
from tfsnn_numpy.samples import Data, Inputs, Raw, refusing

TONIC_NAME = re.compile(r"tonic:(?P<name>[^:]+)(:(?P<split>[^:]+))?")
DATA_DIR = "TONIC_DATA_DIR"
FAILURES = (OSError, ValueError, KeyError, IndexError, RuntimeError)


def is_recordings(spec: Any) -> bool:
    """Return whether an object is like a data set of tonic."""
    return all(hasattr(spec, name) for name in ("sensor_size", "__getitem__"))


def open_tonic(wanted: str, split: str, data_dir: str | os.PathLike[str] | None) -> Any:
    """Return a data set of tonic by its name; download it if it is not there.

    Args:
        wanted: name of its class in ``tonic.datasets``, as in NMNIST.
        split: train or test, or another that the data set has.
        data_dir: where it is kept; else $TONIC_DATA_DIR, else ~/tonic_datasets.

    Raises:
        MissingPackageError: if tonic is not installed.
        OptionError: for a name that tonic does not have.
        DataError: if the data set cannot be read or downloaded.
    """
    sets = require("tonic.datasets", "events", f"the data set tonic:{wanted}")
    known = [name for name, kind in vars(sets).items() if inspect.isclass(kind)]
    if wanted not in known:
        raise unknown("data set of tonic", wanted, known)
    kind = getattr(sets, wanted)
    takes = inspect.signature(kind).parameters
    options: dict[str, Any] = {}
    if "train" in takes:
        options["train"] = split == "train"
    elif "split" in takes:
        options["split"] = split
    folder = Path(
        data_dir or os.environ.get(DATA_DIR) or Path.home() / "tonic_datasets"
    )
    way_out = f"connect to the network, or point {DATA_DIR} at a folder that holds it"
    # tonic reports progress on stdout, which a command needs for its own output.
    with (
        refusing(FAILURES, f"tonic:{wanted} is not in {folder}", way_out),
        contextlib.redirect_stdout(sys.stderr),
    ):
        return kind(save_to=str(folder), **options)


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

    def read(start: int) -> Iterator[Recording]:
        for number in range(start, len(recordings)):
            what = f"recording {number} of {name}, counted from 0,"
            with refusing(FAILURES, f"{what} cannot be read", "repair or remove it"):
                item = recordings[number]
            yield _recording(what, item)

    return open_recordings(
        Recordings(name, len(recordings), True, read), inputs, raw, asked
    )


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
