"""Opening data over time of any form, each by the module for that form."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.data.over_time.arrays import (
    open_array_sequences,
    open_dataset_sequences,
    open_npz_sequences,
)
from tfsnn.data.over_time.event_files import holds_events, open_event_file
from tfsnn.data.over_time.folder import open_sequence_folder
from tfsnn.data.over_time.recordings import of_file, open_recordings
from tfsnn.data.over_time.settings import OverTime
from tfsnn.data.over_time.tonic_sets import (
    TONIC_NAME,
    is_recordings,
    open_recording_set,
    open_tonic,
)
from tfsnn_numpy.npz import npz_headers
from tfsnn_numpy.samples import Data, Inputs, Raw


def open_sequences(
    spec: Any, inputs: Inputs, raw: Raw, asked: OverTime, where: tuple[str, Any]
) -> Data | None:
    """Open data of a form that has sequences of its own; None for other forms.

    Args:
        spec: what :func:`tfsnn.open_data` is given, but no :class:`Data`.
        inputs: shapes of one frame, by input.
        raw: names of inputs whose integers are kept as they are.
        asked: how sequences are read.
        where: split and folder of a data set of tonic that says no split.
    """
    if isinstance(spec, np.ndarray):
        return open_array_sequences("the array", spec, inputs, raw, asked)
    if isinstance(spec, tuple) and len(spec) == 2 and len(inputs) == 1:
        return open_array_sequences("the pair of arrays", spec, inputs, raw, asked)
    if isinstance(spec, Mapping | list | tuple) and len(inputs) > 1:
        return open_array_sequences("the arrays", spec, inputs, raw, asked)
    if isinstance(spec, tf.data.Dataset):
        return open_dataset_sequences("the tf.data.Dataset", spec, inputs, raw, asked)
    if isinstance(spec, str) and (match := TONIC_NAME.fullmatch(spec)):
        recordings = open_tonic(match["name"], match["split"], *where)
        return open_recording_set(spec, recordings, inputs, raw, asked)
    if is_recordings(spec):
        name = f"the {type(spec).__name__}"
        return open_recording_set(name, spec, inputs, raw, asked)
    if not isinstance(spec, str | os.PathLike):
        return None
    path = Path(spec)
    if path.is_dir():
        return open_sequence_folder(path, inputs, raw, asked)
    if path.suffix.lower() == ".npz":
        if holds_events(npz_headers(path), inputs):
            recordings = of_file(open_event_file(path))
            return open_recordings(recordings, inputs, raw, asked)
        return open_npz_sequences(path, inputs, raw, asked)
    return None
