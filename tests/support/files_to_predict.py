"""Data in files of all kinds, networks for it, and what was predicted of it."""

import functools
import json

import keras
import models
import numpy as np
import tensorflow as tf
from keras import layers
from samples import CLASSES, PIXELS, SCALED, SHAPE
from tfrecord_files import records, write

import tfsnn

SIZES = {"batch_size": 4, "shard_size": 6}
LABELS = {"label_key": "image/class/label"}


@functools.cache
def ann():
    net = [
        keras.Input(SHAPE),
        layers.Conv2D(3, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(3),
    ]
    return models.dyadic(keras.Sequential(net))


@functools.cache
def snn():
    return tfsnn.convert(ann(), SCALED, timesteps=3)


def make_data(tmp_path):
    """Ten samples three times: as records, as npz, as a folder of images by class."""
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "a.tfrecord", records())
    np.savez(folder / "b.npz", x=PIXELS, y=CLASSES)
    for i, label in enumerate(CLASSES):
        place = folder / "c" / str(label)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i}.png").write_bytes(tf.io.encode_png(PIXELS[i]).numpy())
    return folder


def joined(output):
    """The columns of all shards, and the manifest."""
    shards = sorted(output.glob("shard-*.npz"))
    columns = {}
    for path in shards:
        with np.load(path) as stored:
            for key in stored:
                columns.setdefault(key, []).append(stored[key])
    manifest = json.loads((output / "manifest.json").read_text())
    return {key: np.concatenate(parts) for key, parts in columns.items()}, manifest


def contents(output):
    """Every file in the folder, by name."""
    return {path.name: path.read_bytes() for path in output.iterdir()}
