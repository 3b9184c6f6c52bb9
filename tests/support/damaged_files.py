"""Files of each kind that a user opens, damaged at random, and a command for each."""

import json
import shutil

import command_line
import graph_files
import h5py
import keras
import models
import numpy as np
import tensorflow as tf
import tfjs_files
from keras import layers
from keras_files import config_of, rewrite
from mutants import mutant_of_bytes, mutant_of_json
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)
from tfrecord_files import example, of_bytes, of_integers, write

import tfsnn
from tfsnn.export.nir.writing import export_nir
from tfsnn.export.stablehlo.writing import export_stablehlo

SHAPE, COUNT, T = (6, 5, 1), 6, 3
CHECKED = ("npz", "tfrecord", "gzip")  # every byte of which has a checksum


def network():
    return keras.Sequential(
        [
            keras.Input(SHAPE, name="image"),
            layers.Conv2D(2, 3, padding="same", activation="relu", name="first"),
            layers.AveragePooling2D(2, name="pooled"),
            layers.Flatten(name="flat"),
            layers.Dense(4, activation="relu", name="second"),
            layers.Dense(3, activation="softmax", name="last"),
        ]
    )


class Files:
    """One file of each kind, as tfsnn and others write it."""

    def __init__(self, folder):
        rng = np.random.default_rng(0)
        self.folder = folder
        self.pixels = rng.integers(0, 256, (COUNT, *SHAPE), np.uint8)
        x = self.pixels / np.float32(255)
        y = np.arange(COUNT) % 3
        np.savez(folder / "good.npz", x=self.pixels, y=y)
        self.network = models.randomise(network())
        self.network.save(folder / "good.keras")
        self.network.save(folder / "good.h5")
        shapes = tf.TensorSpec((None, *SHAPE), name="image")
        called = tf.function(self.network).get_concrete_function(shapes)
        constant = convert_variables_to_constants_v2(called).graph.as_graph_def()
        graph_files.write(folder / "good.pb", constant)
        tfjs_files.write_graph(folder / "tfjs_graph", constant, shard=10**6)
        options = {"version": keras.__version__, "shard": 10**6}
        tfjs_files.write_layers(folder / "tfjs_layers", self.network, **options)
        for method in ("snm", "paced", "radix", "data_norm", "differential"):
            snn = tfsnn.convert(self.network, x, method, timesteps=T)
            snn.save(folder / f"{method}.keras")
            if method == "data_norm":
                export_nir(snn, folder / "good.nir", lossy=True)
                export_stablehlo(snn, folder / "program", batch_size=2)
        records = [
            example(
                image_encoded=of_bytes(tf.io.encode_png(pixels).numpy()),
                image_class_label=of_integers([label]),
            )
            for pixels, label in zip(self.pixels, y, strict=True)
        ]
        write(folder / "good.tfrecord", records)
        write(folder / "good.tfrecord.gz", records, "GZIP")
        for kind, encode in (
            *(("png", tf.io.encode_png), ("jpg", tf.io.encode_jpeg)),
            ("bmp", lambda pixels: _bmp(pixels.repeat(3, -1))),
        ):
            (folder / f"good.{kind}").write_bytes(_bytes(encode(self.pixels[0])))

    def spiking(self, rng):
        """A config of a spiking network."""
        name = rng.choice(("snm", "paced", "radix", "data_norm", "differential"))
        path, changed = self._config(f"{name}.keras", rng, ("config",))
        return ("evaluate", path, "--data", self.folder / "good.npz"), changed

    def config(self, rng):
        """A config of a Keras model."""
        path, changed = self._config("good.keras", rng)
        return ("inspect", path), changed

    def hdf5(self, rng):
        """A config in HDF5."""
        path, changed = self._config("good.h5", rng)
        return ("inspect", path), changed

    def model(self, rng):
        """The bytes of a model's file."""
        suffix = rng.choice((".keras", ".h5"))
        path, changed = self._bytes(f"good{suffix}", rng)
        return ("inspect", path), changed

    def graph(self, rng):
        """A frozen graph."""
        path, changed = self._bytes("good.pb", rng)
        return ("inspect", path), changed

    def tfjs(self, rng):
        """The JSON, or the weights, of a model of TensorFlow.js."""
        kind = rng.choice(("layers", "graph"))
        folder, good = self.folder / "tfjs", self.folder / f"tfjs_{kind}"
        shutil.copytree(good, folder, dirs_exist_ok=True)
        path = folder / "model.json"
        if rng.random() < 0.8:
            changed = _json(good / path.name, path, rng)
        else:
            path = next(folder.glob("*1of1.bin"))
            content, changed = mutant_of_bytes(path.read_bytes(), rng)
            path.write_bytes(content)
        return ("inspect", folder), f"{changed} of {kind}"

    def program(self, rng):
        """The manifest of an exported program."""
        path = self.folder / "program" / "manifest.json"
        good = self.folder / "manifest.json"
        if not good.exists():
            good.write_bytes(path.read_bytes())
        changed = _json(good, path, rng)
        data = self.folder / "good.npz"
        return ("run-stablehlo", path.parent, "--data", data), changed

    def predicted(self, rng):
        """The manifest of predictions, of which one shard is missing."""
        folder = self.folder / "predictions"
        network, data = self.folder / "snm.keras", self.folder / "good.npz"
        arguments = ("predict", network, "--data", data, "--shard-size", 4)
        path, good = folder / "manifest.json", self.folder / "predicted.json"
        if not good.exists():
            command_line.succeed(*arguments, "--output", folder)
            good.write_bytes(path.read_bytes())
        (folder / "shard-00001-of-00002.npz").unlink(missing_ok=True)
        return (*arguments, "--output", folder), _json(good, path, rng)

    def nir(self, rng):
        """A file of NIR."""
        path = self.folder / "bad.nir"
        if rng.random() < 0.3:
            path, changed = self._bytes("good.nir", rng)
        else:
            path.write_bytes((self.folder / "good.nir").read_bytes())
            changed = _hdf5(path, rng)
        output = self.folder / "read.keras"
        return ("import-nir", path, "--output", output, "--overwrite"), changed

    def npz(self, rng):
        """An npz file."""
        path, changed = self._bytes("good.npz", rng)
        return self._evaluating(path), changed

    def tfrecord(self, rng):
        """A TFRecord file."""
        path, changed = self._bytes("good.tfrecord", rng)
        return self._evaluating(path), changed

    def gzip(self, rng):
        """A compressed TFRecord file."""
        path, changed = self._bytes("good.tfrecord.gz", rng)
        return self._evaluating(path), changed

    def image(self, rng):
        """An image in a folder."""
        kind = rng.choice(("png", "jpg", "bmp"))
        folder = self.folder / "images" / "class"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        content, changed = mutant_of_bytes(
            (self.folder / f"good.{kind}").read_bytes(), rng
        )
        (folder / f"0.{kind}").write_bytes(content)
        return self._evaluating(folder.parent), f"{changed} of {kind}"

    def _evaluating(self, path):
        return ("evaluate", self.folder / "snm.keras", "--data", path)

    def _config(self, name, rng, within=()):
        good = self.folder / name
        bad = self.folder / f"bad{good.suffix}"
        bad.write_bytes(good.read_bytes())
        config, changed = mutant_of_json(config_of(good), rng, within)
        rewrite(bad, json.dumps(config))
        return bad, f"{changed} of {name}"

    def _bytes(self, name, rng):
        good = self.folder / name
        bad = self.folder / name.replace("good", "bad")
        content, changed = mutant_of_bytes(good.read_bytes(), rng)
        bad.write_bytes(content)
        return bad, changed


def _json(good, path, rng):
    document, changed = mutant_of_json(json.loads(good.read_bytes()), rng)
    path.write_text(json.dumps(document))
    return changed


def _hdf5(path, rng):
    """Exchange a value in a NIR file for another, or remove it."""
    with h5py.File(path, "r+") as file:
        names = []
        file.visit(names.append)
        name = rng.choice(names)
        kind = rng.choice(("remove", "value", "value", "value", "record"))
        (record,) = (each for each in names if each.endswith("tfsnn"))
        if kind == "record":
            document, changed = mutant_of_json(json.loads(file[record][()]), rng)
            del file[record]
            file[record] = json.dumps(document)
            return f"record: {changed}"
        del file[name]
        if kind == "value":
            value = rng.choice(
                (b"x", "4", -1, 0, 10**12, 1.5, np.nan, [], [1, 2, 3], np.zeros((2, 2)))
            )
            file[name] = value
            kind = f"value {value!r}"
    return f"{kind} at {name}"


def _bmp(pixels):
    """A bitmap of 24 bits, from the bottom up."""
    height, width, _ = pixels.shape
    rows = [row[:, ::-1].tobytes() for row in pixels[::-1]]
    rows = [row + bytes(-len(row) % 4) for row in rows]
    body = b"".join(rows)
    sizes = (54 + len(body), 0, 54, 40, width, height)
    header = b"BM" + b"".join(n.to_bytes(4, "little") for n in sizes)
    header += (1).to_bytes(2, "little") + (24).to_bytes(2, "little")
    return header + bytes(24) + body


def _bytes(encoded):
    return encoded if isinstance(encoded, bytes) else encoded.numpy()
