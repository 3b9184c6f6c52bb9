"""How many frames the sequences have that are predicted in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tfsnn.data import OverTime
from tfsnn.errors import DataError, OptionError
from tfsnn_numpy.npz import npz_headers, stored_names


def frames_in(
    paths: Sequence[Path],
    inputs: Mapping[str, tuple[int, ...]],
    asked: OverTime,
    timesteps: int | None,
) -> int:
    """Return F, the frames of each sequence.

    Args:
        paths: the data.
        inputs: the inputs of one frame, by name.
        asked: what is asked for.
        timesteps: T that is asked for.

    Raises:
        OptionError: for settings of events, for `timesteps`, or where neither an npz
            file nor the settings say how many frames there are.
        DataError: for a first npz file without sequences of such frames.
    """
    if timesteps is not None:
        raise OptionError(
            f"timesteps={timesteps}: over time the number of steps follows from that "
            "of frames; give steps_per_frame (-o steps_per_frame)"
        )
    asked.refuse_events("data that is predicted in bulk")
    if asked.frames is not None:
        return asked.frames
    files = [path for path in paths if path.suffix.lower() == ".npz"]
    if not files:
        raise OptionError(
            f"{paths[0]} does not say how many frames a sequence has: give their "
            "number, frames (--frames)"
        )
    headers, name = npz_headers(files[0]), next(iter(inputs))
    stored = stored_names(files[0], headers, dict(inputs))[name]
    shape, frame = headers[stored].shape, inputs[name]
    if len(shape) != len(frame) + 2 or tuple(shape[2:]) != tuple(frame):
        raise DataError(
            f"{stored} of {files[0]} has shape {tuple(shape)}; over time it is (N, F, "
            f"{', '.join(map(str, frame))}), with F frames for each of N samples"
        )
    return int(shape[1])
