"""Data sets of tensorflow-datasets, downloaded if needed."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from dataclasses import replace
from typing import Any

import tensorflow as tf

from tfsnn.data.arrays import open_dataset
from tfsnn.data.images import resized_pixels
from tfsnn_numpy.samples import Data, Inputs, Raw, refusing

TFDS_NAME = re.compile(
    r"(?P<name>[^:\[\]]+(:\d+\.(\d+|\*)\.(\d+|\*))?)(:(?P<split>[^:].*))?"
)


def open_tfds(wanted: str, split: str, inputs: Inputs, raw: Raw, data_dir: Any) -> Data:
    """Open one split of a data set; download it to `data_dir` if it is not there."""
    (shape,) = inputs.values()
    import tensorflow_datasets as tfds  # slow to import, and rarely needed

    # tfds raises AssertionError for an unknown version or files to be fetched by hand,
    # and ImportError for a package that only this data set needs.
    failures = (ValueError, KeyError, AssertionError, ImportError, OSError)
    checksum = tfds.download.download_manager.NonMatchingChecksumError
    fetching = (*failures, tfds.download.DownloadError, checksum)
    data_dir = data_dir or os.environ.get("TFDS_DATA_DIR")
    names = "the names are at https://www.tensorflow.org/datasets/catalog/overview"
    with refusing(failures, f"There is no {wanted!r} in tensorflow-datasets", names):
        builder = tfds.builder(wanted, data_dir=data_dir)
    what = f"{wanted!r} is not in {builder.data_dir} and cannot be downloaded"
    way_out = (
        "connect to the network or install what is missing, or point TFDS_DATA_DIR at "
        "a folder that holds it"
    )
    # tfds reports progress on stdout, which a command needs for its own output.
    with refusing(fetching, what, way_out), contextlib.redirect_stdout(sys.stderr):
        if not builder.data_path.exists():
            print(
                f"tfds: {wanted} is not prepared in {builder.data_dir}; downloading, "
                "which may take minutes",
                file=sys.stderr,
            )
        builder.download_and_prepare()
    known = f"its splits are {', '.join(builder.info.splits)}, in part train[:10%]"
    with refusing(failures, f"{wanted!r} has no labelled split {split!r}", known):
        size = builder.info.splits[split].num_examples
        # The default cache in memory would hold a whole small data set.
        config = tfds.ReadConfig(try_autocache=False)
        ds = builder.as_dataset(split=split, as_supervised=True, read_config=config)
    x = ds.element_spec[0]
    image = isinstance(x, tf.TensorSpec) and x.dtype == tf.uint8 and x.shape.rank == 3
    if image and len(shape) == 3:
        ds = ds.map(lambda x, y: (resized_pixels(x, shape, raw), y))
    name = f"tfds:{wanted}:{split}"
    return replace(open_dataset(name, ds.batch(32), inputs, raw), size=size)
