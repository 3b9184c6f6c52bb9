"""Recordings of events from any source, opened as sequences of frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfsnn.data.over_time.arrays import with_frames
from tfsnn.data.over_time.binning import binned
from tfsnn.data.over_time.event_files import EventFile, open_event_file
from tfsnn.data.over_time.events import checked, grid_of
from tfsnn.data.over_time.settings import OverTime, check_length, check_size
from tfsnn.errors import DataError
from tfsnn_numpy.samples import Data, Inputs, Raw, Shape, Stored, require_one

# What messages call a recording, its fields by name, and its label.
Recording = tuple[str, dict[str, np.ndarray], Any]


@dataclass(frozen=True)
class Recordings:
    """Recordings that can be read again and again.

    Attributes:
        name: what messages call them.
        size: number of recordings.
        labelled: whether each has a label.
        read: yields them, from a number on.
    """

    name: str
    size: int
    labelled: bool
    read: Callable[[int], Iterator[Recording]]


def open_recordings(
    recordings: Recordings, inputs: Inputs, raw: Raw, asked: OverTime
) -> Data:
    """Open recordings as data whose samples are frames of counts of events.

    The first recording is read at once if no number of frames is asked for.

    Raises:
        OptionError: if nothing says how frames are made of events.
        DataError: for events that do not fit the input.
    """
    require_one(recordings.name, inputs)
    asked.require_way(recordings.name)
    ((key, shape),) = inputs.items()
    frames = asked.frames
    if frames is None:
        what, fields, _ = next(recordings.read(0))
        frames = len(frames_of(fields, shape, asked, what))
    check_size(recordings.name, frames, shape)

    def read(count: int, start: int) -> Iterator[Stored]:
        remaining = recordings.read(start)
        while part := list(itertools.islice(remaining, count)):
            x = np.empty((len(part), frames, *shape), np.float32)
            for row, (what, fields, _) in enumerate(part):
                found = frames_of(fields, shape, asked, what)
                check_length(what, len(found), frames, exact=True)
                x[row] = found
            labels = np.array([label for _, _, label in part])
            yield {key: x}, labels if recordings.labelled else None

    opened = with_frames(inputs, frames)
    size, labelled = recordings.size, recordings.labelled
    return Data(recordings.name, opened, raw, size, labelled, read, over_time=True)


def frames_of(
    fields: dict[str, np.ndarray], shape: Shape, asked: OverTime, what: str
) -> np.ndarray:
    """Check the events of a recording and count them: float32 ``(F, *shape)``."""
    grid = grid_of(shape, fields, asked, what)
    return binned(checked(fields, grid, what), grid, shape, asked, what)


def of_file(file: EventFile) -> Recordings:
    """Return the recordings of one npz file."""

    def read(start: int) -> Iterator[Recording]:
        for number, fields in enumerate(file.recordings(start), start):
            label = None if file.labels is None else file.labels[number]
            yield file.name(number), fields, label

    return Recordings(str(file.path), file.size, file.labels is not None, read)


def of_folder(path: Path, files: list[tuple[Path, int]]) -> Recordings:
    """Return the recordings of npz files with their classes, one in each file.

    Raises, on reading:
        DataError: for a file with several.
    """

    def read(start: int) -> Iterator[Recording]:
        for each, label in files[start:]:
            file = open_event_file(each)
            if file.size != 1:
                raise DataError(
                    f"{each} holds {file.size} recordings: give each a file of its own "
                    "in the folder of its class, or give this file alone"
                )
            yield file.name(0), next(file.recordings()), label

    return Recordings(f"the folder {path}", len(files), True, read)
