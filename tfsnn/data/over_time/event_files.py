"""Npz files of events: one recording in a file, or several with their offsets.

A file holds arrays t, x, y and p of one length, or one structured array ``events`` with
these fields, as the package tonic has them. With several recordings, ``offsets`` says
where each begins, and where the last one ends; ``labels`` has their classes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfsnn.data.over_time.events import (
    FIELDS,
    MOST_EVENTS,
    check_count_of_events,
    fields_of,
)
from tfsnn.errors import DataError
from tfsnn_numpy.npz import npz_headers, npz_parts
from tfsnn_numpy.samples import Header

STRUCTURED = "events"


@dataclass(frozen=True)
class EventFile:
    """What an npz file holds, known from its headers.

    Attributes:
        path: its path.
        arrays: names of the arrays of events in it.
        fields: which of t, x, y and p the events have.
        ends: where the first recording begins, and where each of them ends.
        labels: classes of the recordings, if it has any.
    """

    path: Path
    arrays: list[str]
    fields: Collection[str]
    ends: np.ndarray
    labels: np.ndarray | None

    @property
    def size(self) -> int:
        """The number of recordings."""
        return len(self.ends) - 1

    def name(self, number: int) -> str:
        """Return what messages call a recording."""
        if self.size == 1:
            return str(self.path)
        return f"recording {number} of {self.path}, counted from 0,"

    def recordings(self, start: int = 0) -> Iterator[dict[str, np.ndarray]]:
        """Yield the fields of each recording, from number `start` on."""
        for columns in npz_parts(self.path, self.arrays, self.ends.tolist(), start):
            if self.arrays == [STRUCTURED]:
                yield fields_of(columns[0])
            else:
                yield dict(zip(self.arrays, columns, strict=True))


def holds_events(headers: Mapping[str, Header], inputs: Collection[str]) -> bool:
    """Return whether the arrays of an npz file are events, not inputs.

    An array t beside frames x is not taken for the times of events.
    """
    if set(inputs) & {"t", STRUCTURED}:
        return False
    if len(inputs) > 1 and set(inputs) & set(headers):
        return False
    x = headers.get("x")
    if x is None:
        return "t" in headers or STRUCTURED in headers
    return "t" in headers and len(x.shape) == 1


def open_event_file(path: Path) -> EventFile:
    """Read what an npz file of events holds, without the events.

    Raises:
        DataError: for a file without events, arrays of several lengths, offsets that do
            not fit, and a recording without events or with too many.
    """
    headers = npz_headers(path)
    structured = STRUCTURED in headers
    arrays = [STRUCTURED] if structured else [f for f in FIELDS if f in headers]
    fields: Collection[str] = arrays
    if structured:
        fields = [f for f in FIELDS if f in (headers[STRUCTURED].dtype.names or ())]
    lengths = {name: headers[name].shape for name in arrays}
    if not arrays or len({*lengths.values()}) > 1 or len(lengths[arrays[0]]) != 1:
        found = ", ".join(f"{name} {head.shape}" for name, head in headers.items())
        raise DataError(
            f"{path} holds no events but {found or 'nothing'}: give arrays t, x, y and "
            "p of one length, or a structured array events with these fields"
        )
    ((count,), *_) = lengths.values()
    ends = np.array([0, count])
    if "offsets" in headers:
        ends = _offsets(path, headers["offsets"], count)
    labels = None
    if "labels" in headers:
        _check_row(path, "labels", headers["labels"], len(ends) - 1)
        labels = _whole(path, "labels", headers["labels"])
    file = EventFile(path, arrays, fields, ends, labels)
    sizes = np.diff(ends)
    for number in (int(sizes.argmin()), int(sizes.argmax())):
        check_count_of_events(file.name(number), int(sizes[number]))
    return file


def _offsets(path: Path, header: Header, count: int) -> np.ndarray:
    """Return where recordings begin and end, checked."""
    _check_row(path, "offsets", header, None)
    ends = _whole(path, "offsets", header)
    known = len(ends) > 1 and ends.dtype.kind in "iu"
    if not known or ends[0] != 0 or ends[-1] != count or (ends[1:] < ends[:-1]).any():
        raise DataError(
            f"offsets of {path} do not fit its {count:,} events: give where each "
            "recording begins, from 0 up, and then where the last one ends"
        )
    return ends.astype(np.int64)


def _check_row(path: Path, name: str, header: Header, length: int | None) -> None:
    shape = tuple(header.shape)
    fits = len(shape) == 1 and shape[0] <= MOST_EVENTS and length in (None, shape[0])
    if not fits:
        what = "numbers in a row" if length is None else f"one for each of {length}"
        raise DataError(f"{name} of {path} is of shape {shape}: give {what} recordings")


def _whole(path: Path, name: str, header: Header) -> np.ndarray:
    ((array,),) = npz_parts(path, [name], [0, header.shape[0]])
    return array
