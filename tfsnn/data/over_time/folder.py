"""Folders of sequences, with one subfolder for each class.

A sequence is a folder of frames (CLASS/SEQUENCE/0001.png), an animated GIF
(CLASS/sequence.gif), or a recording of events (CLASS/recording.npz).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tfsnn.data.over_time.arrays import with_frames
from tfsnn.data.over_time.frames import GIF, count_frames, read_frames
from tfsnn.data.over_time.recordings import of_folder, open_recordings
from tfsnn.data.over_time.settings import OverTime, check_size
from tfsnn.errors import DataError
from tfsnn_numpy.image_folder import by_class, check_image_shape, open_images
from tfsnn_numpy.samples import Data, Inputs, Raw, Shape, require_one

EVENTS = ".npz"
KINDS = (
    "folders of frames (CLASS/SEQUENCE/0001.png), animated GIFs (CLASS/sequence.gif) "
    "or recordings of events (CLASS/recording.npz)"
)


def open_sequence_folder(path: Path, inputs: Inputs, raw: Raw, asked: OverTime) -> Data:
    """Open a folder of sequences, labelled by subfolder.

    The classes are numbered in the order of their names, and take turns.

    Raises:
        DataError: for a folder without sequences, or with both frames and events.
    """
    require_one(f"the folder of sequences {path}", inputs)
    classes, found = by_class(path, _is_sequence)
    if not found:
        missing = "sequences in its class" if classes else "class"
        raise DataError(
            f"The folder {path} has no {missing} subfolders; over time it holds {KINDS}"
        )
    events = [_is_recording(sequence) for sequence, _ in found]
    if all(events):
        return open_recordings(of_folder(path, found), inputs, raw, asked)
    if any(events):
        raise DataError(
            f"The folder {path} holds both frames and events "
            f"({found[events.index(False)][0]}, {found[events.index(True)][0]}): give "
            "each kind a folder of its own"
        )
    asked.refuse_events(f"the folder {path}")
    check_image_shape(path, inputs)
    first = found[0][0]
    frames = asked.count(str(first), count_frames(first))
    opened = with_frames(inputs, frames)
    check_size(f"a sequence of {path}", frames, next(iter(inputs.values())))

    def read(sequence: Path, shape: Shape, raw: Raw) -> np.ndarray:
        return read_frames(sequence, shape, raw, exact=asked.frames is None)

    data = open_images(f"the folder {path}", found, opened, raw, read)
    return replace(data, over_time=True)


def _is_sequence(path: Path) -> bool:
    return path.name[0] != "." and (
        path.is_dir() or path.suffix.lower() in (GIF, EVENTS)
    )


def _is_recording(path: Path) -> bool:
    return path.suffix.lower() == EVENTS and not path.is_dir()
