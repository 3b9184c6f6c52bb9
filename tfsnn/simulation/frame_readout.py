"""Readouts of a stream: what an output says after a frame of what has reached it.

The value of a frame is the mean current of its steps. A readout keeps what it needs of
earlier frames, which is of the same size however long the stream is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.running_mean import for_rows, no_mean, with_value
from tfsnn_numpy.checks import is_count
from tfsnn_numpy.defaults import READOUTS


class FrameReadout(Protocol):
    """A readout: what it keeps, and what it says after one frame more."""

    def initial(self, shape: Any) -> Any:
        """Return what is kept before the first frame, of values of `shape`, (B, ...).

        Every tensor of it has B rows.
        """
        ...

    def read(self, value: Any, kept: Any, frames: Any) -> tuple[Any, Any]:
        """Return what is read after a frame, ``(B, ...)``, and what is kept.

        Args:
            value: the value of the frame, ``(B, ...)``.
            kept: what was kept of the frames before.
            frames: the number of frames with this one, ``(B,)``.
        """
        ...


@dataclass(frozen=True)
class MeanSoFar:
    """The mean of all frames so far."""

    def initial(self, shape: Any) -> Any:
        """Return the mean of nothing."""
        return no_mean(shape)

    def read(self, value: Any, kept: Any, frames: Any) -> tuple[Any, Any]:
        """Return the mean, and the same with what it lacks by rounding."""
        mean = with_value(kept, value, frames)
        return mean.value, mean


@dataclass(frozen=True)
class LastFrame:
    """The value of the last frame alone."""

    def initial(self, shape: Any) -> Any:
        """Return that nothing is kept."""
        return ()

    def read(self, value: Any, kept: Any, frames: Any) -> tuple[Any, Any]:
        """Return the value."""
        return value, kept


@dataclass(frozen=True)
class MeanOfLast:
    """The mean of the last frames, of fewer at the start.

    Attributes:
        count: the number of frames.
    """

    count: int

    def initial(self, shape: Any) -> Any:
        """Return as many values of 0, ``(B, count, ...)``."""
        return tf.zeros((shape[0], self.count, *shape[1:]))

    def read(self, value: Any, kept: Any, frames: Any) -> tuple[Any, Any]:
        """Return the mean, and the last values."""
        kept = tf.concat([kept[:, 1:], value[:, None]], 1)
        there = tf.minimum(frames, self.count)
        return tf.reduce_sum(kept, 1) / for_rows(there, value), kept


def frame_readout(readout: str | int | None, *, last: bool) -> FrameReadout:
    """Return the readout of a name, or of a number of frames.

    Args:
        readout: "mean", "last", or n for the mean of the last n frames. None for the
            usual one.
        last: whether the usual one is "last", and not "mean".

    Raises:
        OptionError: for another readout.
    """
    if readout is None:
        readout = "last" if last else "mean"
    if readout == "mean":
        return MeanSoFar()
    if readout == "last":
        return LastFrame()
    if is_count(readout):
        return MeanOfLast(int(readout))
    raise OptionError(
        f"readout={readout!r}; expected {', '.join(READOUTS)}, or a number n from 1 up "
        "for the mean of the last n frames"
    )
