"""Opening data of any form, each by the module for that form."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tfsnn.data.arrays import open_arrays, open_dataset
from tfsnn.data.images import read_image
from tfsnn.data.over_time.arrays import require_frames, with_frames
from tfsnn.data.over_time.event_files import holds_events
from tfsnn.data.over_time.opening import open_sequences
from tfsnn.data.over_time.settings import BY_ELEMENT, OverTime, settings_of
from tfsnn.data.over_time.tonic_sets import TONIC_NAME, is_recordings
from tfsnn.data.tfds import TFDS_NAME, open_tfds
from tfsnn.data.tfrecord import TFRECORD, open_tfrecord
from tfsnn.errors import DataError, OptionError
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import IMAGE_KEY
from tfsnn_numpy.npz import npz_headers
from tfsnn_numpy.opening import kept, limited, open_path
from tfsnn_numpy.samples import Data, Inputs, Raw, Shape, alone, require_one

Arrays = tuple[Any, ...] | list[Any] | Mapping[str, Any]
FORMS = (
    "FILE.npz (arrays x and, for labels, y), FILE.tfrecord (of tf.train.Example), a "
    "folder of images with one subfolder per class, or tfds:NAME[:SPLIT]"
)


def open_data(
    spec: str | os.PathLike[str] | Data | tf.data.Dataset | np.ndarray | Arrays,
    input_shape: Shape | Mapping[str, Shape],
    *,
    default_split: str = "train",
    raw: bool | Collection[str] = False,
    limit: int | None = None,
    labels: bool = False,
    data_dir: str | os.PathLike[str] | None = None,
    image_key: str = IMAGE_KEY,
    label_key: str | None = None,
    over_time: bool | OverTime = False,
) -> Data:
    """Open data for a model with inputs of `input_shape` (without the batch axis).

    For a model with several inputs, `input_shape` maps names to shapes, and batches
    hold x as a dict in that order; a mapping of one input is like its shape alone.

    `spec` is one of

    * ``"FILE.npz"``: array x and optionally y, read a batch at a time (whole only
      when in Fortran order);
    * ``"FILE.tfrecord"`` of ``tf.train.Example`` (:mod:`tfsnn.data.tfrecord`), whose
      input is the feature `image_key`, and whose label is `label_key`, if given;
    * a folder with one subfolder of images (png, jpeg, bmp, gif) per class, numbered in
      the order of their names. Images are resized bilinearly and get the channels of
      `input_shape`. The classes take turns, so that a `limit` shows them all;
    * ``"tfds:NAME[:SPLIT]"``: NAME with optional ``/config`` and ``:1.2.3``, SPLIT
      such as ``test`` or ``train[:10%]``, else `default_split`. The data is kept in
      `data_dir`, else $TFDS_DATA_DIR, else the default of tfds. 8-bit images are
      resized;
    * an array x, a pair of arrays (x, y), a ``tf.data.Dataset`` of batches of x or
      (x, y), or a :class:`Data`, to which `raw` and `data_dir` do not apply.

    For several inputs, an npz file holds an array by the name of each (an input named y
    is not taken for labels), and x is a dict by name, or a list or tuple in order; the
    other forms give only one input. In the npz file of a single input, its name may
    take the place of x.

    x of shape (N, H, W) fits inputs of shape (H, W, 1). y holds class numbers from 0,
    of shape (N,) or (N, 1), or is one-hot (N, classes). `raw` keeps 8-bit values at
    0..255, and other integers as they are, for all inputs (True) or those named.
    `limit` is the largest number of samples to read. `labels` makes it an error to have
    no labels; labels that exist are always read.

    With `over_time` each sample is a sequence ``(F, *input_shape)`` of F frames, and
    batches hold x ``(B, F, *input_shape)``. Then `spec` is one of

    * any of the above with x ``(N, F, ...)``; of TFRecord files and tfds only if the
      number of frames is asked for;
    * a folder with one subfolder per class, of folders of frames, or of animated GIFs;
    * events, counted in frames, as ``(H, W, 2)`` (darker, brighter) or ``(H, W, 1)``:
      a folder with one subfolder per class of npz files with arrays t, x, y and p; one
      such file, with ``offsets`` for several recordings and ``labels``; or
      ``"tonic:NAME[:SPLIT]"`` and data sets of the package tonic, kept in `data_dir`,
      else $TONIC_DATA_DIR, else ~/tonic_datasets.

    An :class:`OverTime` instead of True says how many frames, and how they are made of
    events; it does not apply to a :class:`Data`, which must have been opened over time.

    Raises:
        OptionError: if `spec` is of another form, or `limit` is below 1; over time also
            if nothing says how frames are made of events.
        DataError: if data is missing, damaged, empty, or does not fit; over time also
            for sequences that are too short, and events outside the sensor or that go
            back in time.
        MissingPackageError: if tonic is needed and not installed.
    """
    if limit is not None:
        check_count("limit", limit)
    named = input_shape if isinstance(input_shape, Mapping) else {"x": input_shape}
    inputs = {key: tuple(shape) for key, shape in named.items()}
    if not inputs:
        raise OptionError("input_shape names no input; give at least one shape.")
    keys, where = (image_key, label_key), (default_split, data_dir)
    asked = settings_of(over_time)
    if isinstance(spec, Data):
        data = _opened(spec, inputs, asked)
    elif asked is None:
        data = _open(spec, inputs, kept(inputs, raw), where, keys)
    else:
        data = _open_over_time(spec, inputs, kept(inputs, raw), asked, where, keys)
    data = limited(data, limit)
    if labels and not data.has_labels:
        raise DataError(
            f"{data.name} holds no labels, which are needed here; give the class "
            "numbers as y (array y of an npz file, second of a pair)."
        )
    return data


class Takes(Protocol):
    """Anything with inputs: a graph, or an engine.

    Attributes:
        inputs: shapes of one sample, by name.
        whole_inputs: the names of those that take integers.

    An engine also has ``raw_inputs``, ``raw_recorded`` and ``ranges``
    (:class:`tfsnn.simulation.engines.base.Engine`).
    """

    @property
    def inputs(self) -> Mapping[str, Shape]: ...

    @property
    def whole_inputs(self) -> Collection[str]: ...


def open_for(
    network: Takes,
    spec: Any,
    *,
    default_split: str = "test",
    raw: bool | Collection[str] | None = None,
    limit: int | None = None,
    labels: bool = False,
    over_time: bool | OverTime = False,
) -> Data:
    """Open data for a network, whose inputs for integers get them as they are.

    Args:
        network: that takes the data.
        spec: anything that :func:`open_data` takes, as the other arguments.
        default_split: of a set in tensorflow-datasets whose name says none.
        raw: keep 8-bit values at 0..255, of all inputs or of those named; as the
            network takes them if None.
        limit: the greatest number of samples.
        labels: refuse data without labels.
        over_time: read sequences of inputs, and how.

    Raises:
        OptionError, DataError: as :func:`open_data`; OptionError also for a `raw` that
            is not that of the network's calibration.
    """
    opened_over_time = isinstance(spec, Data) and spec.over_time
    if getattr(network, "by_element", False) and not (over_time or opened_over_time):
        raise OptionError(BY_ELEMENT.format(getattr(network, "name", "the network")))
    opened = open_data(
        spec,
        network.inputs,
        default_split=default_split,
        raw=raw_for(network, raw),
        limit=limit,
        labels=labels,
        over_time=over_time,
    )
    return replace(opened, expected=getattr(network, "ranges", {}))


def raw_for(network: Takes, raw: bool | Collection[str] | None) -> frozenset[str]:
    """Return the inputs whose integers are kept: as asked for, or as a network has it.

    Raises:
        OptionError: for a `raw` that is not that of the network's calibration.
    """
    inputs, whole = dict(network.inputs), frozenset(network.whole_inputs)
    known = getattr(network, "raw_inputs", None)
    if raw is None:
        return whole | frozenset(known or ())
    wanted = kept(inputs, raw)
    recorded = getattr(network, "raw_recorded", False)
    if recorded and wanted - whole != frozenset(known or ()) - whole:
        name = getattr(network, "name", "the network")
        how = "kept at 0..255" if known else "divided by 255"
        raise OptionError(
            f"raw={raw}, but {name} takes 8-bit values {how}: leave raw (--raw, "
            "-o raw) out, or convert the model with the other setting"
        )
    return wanted | whole


def _opened(data: Data, inputs: Inputs, asked: OverTime | None) -> Data:
    """Return data that was opened already, for the same inputs in their order."""
    found = data.inputs
    if asked is not None:
        if not data.over_time:
            raise DataError(
                f"{data.name} was opened for single samples, sequences are needed; "
                "open it again with over_time=True."
            )
        found = {key: shape[1:] for key, shape in found.items()}
    if alone(found) != alone(inputs):
        what = "sequences of inputs" if data.over_time else "inputs"
        raise DataError(
            f"{data.name} was opened for {what} of shape {alone(found)}, the model "
            f"takes {alone(inputs)}; open it again for this model."
        )
    if len(inputs) > 1:  # the same inputs, but perhaps in another order
        return replace(data, inputs={key: data.inputs[key] for key in inputs})
    return data


def _open_over_time(
    spec: Any, inputs: Inputs, raw: Raw, asked: OverTime, where: Any, keys: Any
) -> Data:
    data = open_sequences(spec, inputs, raw, asked, where)
    if data is not None:
        return data
    name = os.fspath(spec) if isinstance(spec, str | os.PathLike) else ""
    if name.startswith("tfds:") or TFRECORD.search(name):
        inputs = with_frames(inputs, require_frames(name, asked))
    return replace(_open(spec, inputs, raw, where, keys), over_time=True)


def _refuse_events(path: Path, inputs: Inputs) -> None:
    """Refuse a file of events where single samples are read."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return
    if () not in inputs.values() and holds_events(npz_headers(path), inputs):
        raise _only_over_time(str(path))


def _only_over_time(what: str) -> OptionError:
    return OptionError(
        f"{what} holds recordings of events, which are read over time: give "
        "--over-time (over_time=True)"
    )


def _open(spec: Any, inputs: Inputs, raw: Raw, where: Any, keys: Any) -> Data:
    if isinstance(spec, np.ndarray):
        return open_arrays("the array", spec, inputs, raw)
    if isinstance(spec, tuple) and len(spec) == 2 and len(inputs) == 1:
        return open_arrays("the pair of arrays", spec, inputs, raw)
    if isinstance(spec, Mapping | list | tuple) and len(inputs) > 1:
        return open_arrays("the arrays", spec, inputs, raw)
    if isinstance(spec, tf.data.Dataset):
        return open_dataset("the tf.data.Dataset", spec, inputs, raw)
    if isinstance(spec, str) and spec.startswith("tfds:"):
        match = TFDS_NAME.fullmatch(spec.removeprefix("tfds:"))
        if match:
            require_one(spec, inputs)
            split, data_dir = where
            return open_tfds(
                match["name"], match["split"] or split, inputs, raw, data_dir
            )
    elif is_recordings(spec) or (isinstance(spec, str) and TONIC_NAME.fullmatch(spec)):
        raise _only_over_time(str(spec))
    elif isinstance(spec, (str, os.PathLike)):
        path = Path(spec)
        _refuse_events(path, inputs)
        data = open_path(path, inputs, raw, read_image, FORMS)
        if data is not None:
            return data
        if TFRECORD.search(path.name):
            require_one(str(path), inputs)
            return open_tfrecord(path, inputs, raw, *keys)
    received = repr(spec) if isinstance(spec, (str, os.PathLike)) else type(spec)
    raise OptionError(
        f"Data cannot be opened from {received}; give {FORMS}. In Python also: an "
        "array x, a pair of arrays (x, y), a tf.data.Dataset of batches; x as a dict "
        "of arrays by name for a model with several inputs."
    )
