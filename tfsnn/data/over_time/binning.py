"""Count events in frames, each of a length of time or of a number of events.

By time, frame k holds the events with ``t0 + k step <= t < t0 + (k + 1) step``, where
t0 is the first time. These limits are exact: a floating point number is the decimal
number that it is printed as, so that 0.3 s is not below three steps of 0.1 s. All
events are counted, so that the last frame is the one that the last event is in.

By number, frame k holds the events from ``k n`` to ``(k + 1) n``, and those at the end
that fill no frame are left over.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np

from tfsnn.data.over_time.events import Events, Grid
from tfsnn.data.over_time.settings import OverTime, check_size
from tfsnn.errors import DataError
from tfsnn_numpy.samples import Shape

AT_ONCE = 2**22  # values counted at a time


def binned(
    events: Events, grid: Grid, shape: Shape, asked: OverTime, what: str
) -> np.ndarray:
    """Count events: float32 ``(F, *shape)``.

    Args:
        events: one recording.
        grid: the pixels to count in.
        shape: shape of one frame, of as many values as the grid.
        asked: how frames are made of events.
        what: name of the recording.

    Raises:
        DataError: for a recording that is too short, or whose frames no memory holds.
    """
    found = count_frames(events, asked, what)
    frames = asked.count(what, found)
    check_size(what, frames, shape)
    starts = _starts(events, frames, found, asked)
    places = _places(events, grid)
    size = grid.height * grid.width * grid.channels
    counts = np.empty((frames, size), np.float32)
    block = max(1, AT_ONCE // size)
    for first in range(0, frames, block):
        part = counts[first : first + block]
        inner = starts[first : first + len(part) + 1]
        rows = np.repeat(np.arange(len(part)), np.diff(inner))
        flat = rows * size + places[inner[0] : inner[-1]]
        part[:] = np.bincount(flat, minlength=part.size).reshape(part.shape)
    return counts.reshape(frames, *shape)


def count_frames(events: Events, asked: OverTime, what: str) -> int:
    """Return the number of frames that a recording fills.

    Raises:
        DataError: for frames shorter than the times can tell apart.
    """
    if asked.events_per_frame is not None:
        return len(events.t) // asked.events_per_frame
    last = events.t[-1]
    if events.t.dtype.kind == "f" and asked.step < _exact(np.spacing(abs(last))):
        raise DataError(
            f"t of {what} ends at {last} as {events.t.dtype}, which tells times apart "
            f"by {np.spacing(abs(last))}, longer than a frame: give longer frames "
            "(--step-ms), or times as integers"
        )
    span = _exact(last) - _exact(events.t[0])
    frames = math.floor(span / asked.step) + 1
    # The limit of the next frame may be rounded down, to the last time.
    return frames + int(_limit(events, frames, asked) <= last.item())


def _starts(events: Events, frames: int, found: int, asked: OverTime) -> np.ndarray:
    """Return the number of the first event of each frame, and that behind the last."""
    if asked.events_per_frame is not None:
        return np.arange(frames + 1) * asked.events_per_frame
    inner = [_limit(events, k, asked) for k in range(1, min(frames + 1, found))]
    at = np.searchsorted(events.t, np.array(inner, events.t.dtype))
    ends = itertools.repeat(len(events.t), frames - len(inner))
    return np.array([0, *at, *ends])


def _limit(events: Events, k: int, asked: OverTime) -> int | float:
    """Return where frame k begins: the least time in it, of the type of the times."""
    exact = _exact(events.t[0]) + k * asked.step
    if events.t.dtype.kind != "f":
        return math.ceil(exact)
    if exact > Fraction(np.finfo(events.t.dtype).max.item()):
        return math.inf
    return events.t.dtype.type(float(exact)).item()


def _exact(t: Any) -> Fraction:
    """Return a time as the decimal number that it is printed as."""
    return Fraction(str(t))


def _places(events: Events, grid: Grid) -> np.ndarray:
    """Return the value of a frame, counted row by row, that each event is in."""
    columns = events.x.astype(np.int64) * grid.width // grid.sensor[1]
    places = columns
    if events.y is not None:
        rows = events.y.astype(np.int64) * grid.height // grid.sensor[0]
        places = rows * grid.width + columns
    if grid.channels == 2 and events.p is not None:
        places = places * 2 + (events.p > 0)
    return places
