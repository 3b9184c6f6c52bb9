"""What is asked for when data over time is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real

from tfsnn.errors import DataError, OptionError, unknown
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import TIME_UNITS

MOST_VALUES = 2**27  # of one sequence of frames
MOST_FRAMES = 2**20
BY_ELEMENT = (
    "{} is recurrent and takes sequences, one element for each frame: give "
    "over_time=True (--over-time) to simulate, evaluate or predict_files, or take a "
    "stream() of it"
)
MILLISECOND: dict[str, Fraction] = {  # in each unit
    "us": Fraction(1000),
    "ns": Fraction(10**6),
    "ms": Fraction(1),
    "s": Fraction(1, 1000),
}


@dataclass(frozen=True)
class OverTime:
    """How sequences are read: how many frames, and how events become frames.

    Attributes:
        frames: number of frames F of each sample. Of longer sequences the first F are
            read; shorter ones are refused. If None, the first sequence has as many as
            all others have to have.
        step_ms: length of a frame of events, in milliseconds. The first frame begins
            with the first event.
        events_per_frame: number of events in a frame, instead of `step_ms`.
        sensor: height and width of the sensor, whole multiples of those of the input,
            if they are not the same.
        time_unit: unit of the times of events: "ns", "us", "ms" or "s".
    """

    frames: int | None = None
    step_ms: float | None = None
    events_per_frame: int | None = None
    sensor: Sequence[int] | None = None
    time_unit: str = "us"

    def __post_init__(self) -> None:
        """Refuse settings that are impossible or exclude each other."""
        for name in ("frames", "events_per_frame"):
            if (value := getattr(self, name)) is not None:
                check_count(name, value)
        step = self.step_ms
        if step is not None and not (isinstance(step, Real) and 0 < step < math.inf):
            raise OptionError(
                f"step_ms={self.step_ms!r} must be the length of a frame in "
                "milliseconds: give a number above 0"
            )
        if step is not None and self.events_per_frame is not None:
            raise OptionError(
                "step_ms and events_per_frame are two ways to make frames of events: "
                "give one of them"
            )
        if self.sensor is not None:
            if len(self.sensor) != 2:
                raise OptionError(
                    f"sensor={self.sensor!r} must be two numbers: give the height and "
                    "the width of the sensor in pixels"
                )
            if math.prod(check_count("sensor", n) for n in self.sensor) > MOST_VALUES:
                raise OptionError(
                    f"sensor={self.sensor!r} has more than {MOST_VALUES:,} pixels: "
                    "give the height and the width of the sensor in pixels"
                )
        if self.time_unit not in TIME_UNITS:
            raise unknown("time_unit", self.time_unit, TIME_UNITS)

    @property
    def of_events(self) -> bool:
        """Whether something is asked for that only events have."""
        return (self.step_ms, self.events_per_frame, self.sensor) != (None,) * 3

    @property
    def step(self) -> Fraction:
        """The length of a frame of events, exactly, in the unit of their times."""
        return Fraction(str(self.step_ms)) * MILLISECOND[self.time_unit]

    def refuse_events(self, what: str) -> None:
        """Refuse settings of events for data that holds frames."""
        if self.of_events:
            raise OptionError(
                f"{what} holds frames, for which step_ms, events_per_frame and sensor "
                "say nothing: leave them out, or give recordings of events"
            )

    def require_way(self, what: str) -> None:
        """Refuse events without a way to make frames of them."""
        if self.step_ms is None and self.events_per_frame is None:
            raise OptionError(
                f"{what} holds events, and there are several ways to make frames of "
                "them: give step_ms (--step-ms), the length of a frame, or "
                "events_per_frame (--event-window), the number of its events"
            )

    def count(self, what: str, found: int) -> int:
        """Return the number of frames to read of the first sequence.

        Raises:
            DataError: if it has fewer than are asked for, or none.
        """
        wanted = found if self.frames is None else self.frames
        check_length(what, found, max(wanted, 1))
        return wanted


def settings_of(over_time: bool | OverTime) -> OverTime | None:
    """Return the settings that an argument `over_time` stands for; None for False.

    Raises:
        OptionError: for anything but a bool or an :class:`OverTime`.
    """
    if isinstance(over_time, OverTime):
        return over_time
    if isinstance(over_time, bool):
        return OverTime() if over_time else None
    raise OptionError(
        f"over_time={over_time!r} must be True, False or an OverTime: give "
        "tfsnn.OverTime(frames=...) for a number of frames"
    )


def check_length(what: str, found: int, frames: int, *, exact: bool = False) -> None:
    """Refuse a sequence with fewer frames than asked for, or with more if `exact`.

    Raises:
        DataError: naming the sequence, and both numbers.
    """
    if found < frames:
        raise DataError(
            f"{what} has {found} frames, a sequence shorter than the {frames} asked "
            "for: leave it out, or ask for fewer frames (--frames)"
        )
    if exact and found > frames:
        raise DataError(
            f"{what} has {found} frames, the first sequence has {frames}: give the "
            "number of frames to be read of each (--frames)"
        )


def check_size(what: str, frames: int, shape: Sequence[int]) -> None:
    """Refuse a sequence that no memory holds, before any of it is made.

    Raises:
        DataError: for more than 2^27 values, or 2^20 frames.
    """
    if frames * math.prod(shape) > MOST_VALUES or frames > MOST_FRAMES:
        raise DataError(
            f"{what} would be {frames} frames of shape {tuple(shape)}, more than "
            f"{MOST_FRAMES:,} frames or {MOST_VALUES:,} values: ask for fewer frames "
            "(--frames), or for longer ones (--step-ms)"
        )
