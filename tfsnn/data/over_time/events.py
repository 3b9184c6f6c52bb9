"""Recordings of events: when (t), where (x, y), and whether brighter or darker (p)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from tfsnn.data.over_time.settings import OverTime
from tfsnn.errors import DataError, OptionError
from tfsnn_numpy.samples import Shape

MOST_EVENTS = 2**26  # of one recording
FIELDS = ("t", "x", "y", "p")
KINDS = {"t": "iuf", "x": "iu", "y": "iu", "p": "iub"}  # as in numpy.dtype.kind


class Grid(NamedTuple):
    """The pixels that events are counted in.

    Attributes:
        height: rows of the input; 1 for a line of sensors.
        width: columns of the input.
        channels: 2 for darker (p = 0 or -1) and brighter (p = 1), 1 for both together.
        sensor: height and width of the sensor, multiples of those of the input.
    """

    height: int
    width: int
    channels: int
    sensor: tuple[int, int]


class Events(NamedTuple):
    """One recording, checked: arrays of one length, in order of time.

    Attributes:
        t: times, integers or floating point numbers.
        x: columns of the sensor.
        y: rows of the sensor; None for a line of sensors.
        p: polarities, 0 or -1 and 1; None if they are all the same.
    """

    t: np.ndarray
    x: np.ndarray
    y: np.ndarray | None
    p: np.ndarray | None


def grid_of(shape: Shape, fields: Collection[str], asked: OverTime, what: str) -> Grid:
    """Return the pixels that an input of this shape has for events of these fields.

    Args:
        shape: ``(H, W)`` or ``(H, W, 1 or 2)``, for events without y ``(W,)`` or
            ``(W, 1 or 2)``.
        fields: which of t, x, y and p the events have.
        asked: the settings, of which the sensor is used.
        what: name of the data.

    Raises:
        DataError: for inputs of another shape, and events without a field.
        OptionError: for a sensor that is no multiple of the input.
    """
    missing = {"t", "x"} - set(fields)
    if missing:
        raise DataError(
            f"{what} has no {' and no '.join(sorted(missing))}, which events need: "
            "give arrays t, x, y and p of one length"
        )
    plane = 2 if "y" in fields else 1
    channels = shape[plane] if len(shape) > plane else 1
    if len(shape) not in (plane, plane + 1) or channels not in (1, 2):
        known = "(height, width, 1 or 2)" if plane == 2 else "(width, 1 or 2)"
        raise DataError(
            f"{what} holds events with {', '.join(sorted(fields))}, which are counted "
            f"in {known}; the model takes inputs of shape {shape}: give a model for "
            "events, or frames"
        )
    if channels == 2 and "p" not in fields:
        raise DataError(
            f"{what} has no p, and the model takes two polarities: give p as well"
        )
    height, width = shape[:2] if plane == 2 else (1, shape[0])
    sensor = (height, width) if asked.sensor is None else tuple(asked.sensor)
    if any(s % n for s, n in zip(sensor, (height, width), strict=True)):
        raise OptionError(
            f"sensor={sensor} is no multiple of the model's {height} x {width} pixels, "
            "so that they would count unlike areas: crop the events first"
        )
    return Grid(height, width, channels, (sensor[0], sensor[1]))


def fields_of(stored: Any) -> dict[str, np.ndarray]:
    """Return the fields of a structured array that events have, by name."""
    array = np.asarray(stored)
    return {name: array[name] for name in FIELDS if name in (array.dtype.names or ())}


def checked(fields: Mapping[str, np.ndarray], grid: Grid, what: str) -> Events:
    """Check the events of one recording.

    Raises:
        DataError: for no events, too many, arrays of other types or lengths, times
            that are not finite or go back, and places outside the sensor.
    """
    check_count_of_events(what, len(fields["t"]) if fields["t"].ndim else 0)
    t = fields["t"]
    for name, values in fields.items():
        known = values.dtype.kind in KINDS[name] and values.dtype.itemsize <= 8
        if not known or values.shape != (len(t),):
            raise DataError(
                f"{name} of {what} is of shape {values.shape} and type {values.dtype}: "
                "give t as numbers, x, y and p as integers, one of each for an event"
            )
    if not np.isfinite(t).all():
        at = int(np.isfinite(t).argmin())
        raise DataError(f"t of {what} is {t[at]} in {_event(at)}: remove or repair it")
    if (back := t[1:] < t[:-1]).any():
        at = int(back.argmax()) + 1
        raise DataError(
            f"{what} goes back in time in {_event(at)}, from {t[at - 1]} to {t[at]}: "
            "sort its events by t"
        )
    for name, length in (("y", grid.sensor[0]), ("x", grid.sensor[1])):
        if name in fields:
            _check_inside(fields[name], name, length, what)
    p = fields.get("p")
    if p is not None and p.dtype.kind != "b":
        low, high = int(p.min()), int(p.max())
        if low < -1 or high > 1 or (low == -1 and (p == 0).any()):
            raise DataError(
                f"p of {what} has values from {low} to {high}, no polarities: give 0 "
                "and 1, -1 and 1, or booleans"
            )
    return Events(t, fields["x"], fields.get("y"), p)


def check_count_of_events(what: str, count: int) -> None:
    """Refuse a recording without events, and one that no memory holds."""
    if not count:
        raise DataError(f"{what} holds no events: remove it")
    if count > MOST_EVENTS:
        raise DataError(
            f"{what} holds {count:,} events, more than {MOST_EVENTS:,}: split it into "
            "several recordings"
        )


def _check_inside(values: np.ndarray, name: str, length: int, what: str) -> None:
    outside = (values < 0) | (values >= length)
    if outside.any():
        at = int(outside.argmax())
        raise DataError(
            f"{_event(at)} of {what} is at {name} = {values[at]}, outside a sensor "
            f"with {name} from 0 to {length - 1}: give the size of the sensor "
            "(-o sensor HEIGHT,WIDTH), or remove such events"
        )


def _event(at: int) -> str:
    return f"event {at}, counted from 0,"
