"""Kinds of files are told by what they hold; what is not read says how to go on."""

import json
import os
import pickle
import zipfile

import models
import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.sources import load_model
from tfsnn.sources.formats import FORMATS, READ


def zipped(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")


def tensors(path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(4))


def checkpoint(path):
    folder = path.parent / "saved"
    tf.train.Checkpoint(v=tf.Variable([1.0])).save(folder / "c")
    (folder / "c-1.index").rename(path)


# What is written, and what its message says; names have no suffix where bytes tell.
FOREIGN = {
    "lite": (lambda p: p.write_bytes(b"\x1c\0\0\0TFL3" + bytes(9)), "TensorFlow Lite"),
    "net.tflite": (lambda p: p.write_bytes(b"?"), "the Keras model .* made from"),
    "onnx": (lambda p: p.write_bytes(b"\x08\x07\x12\x07pytorch"), "onnx2tf"),
    "net.onnx": (lambda p: p.write_bytes(b"?"), "onnx2tf"),
    "torch": (lambda p: zipped(p, "net/data.pkl", "net/version"), "of PyTorch"),
    "old": (lambda p: p.write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j"), "of PyTorch"),
    "net.pth": (lambda p: p.write_bytes(b"?"), "of PyTorch"),
    "pickled": (lambda p: p.write_bytes(pickle.dumps({"a": 1})), "a pickle"),
    "net.joblib": (lambda p: p.write_bytes(b"x\x9c"), "a pickle"),
    "tensors": (tensors, "safetensors"),
    "array": (lambda p: p.write_bytes(b"\x93NUMPY\x01\x00"), "data or weights"),
    "arrays": (lambda p: np.savez(p.open("wb"), x=np.ones(2)), "data or weights"),
    "m.index": (checkpoint, "weights and no network"),
    "checkpoint": (
        lambda p: p.write_text('model_checkpoint_path: "c-1"'),
        "weights and no network",
    ),
    "group1-shard1of1.bin": (lambda p: p.write_bytes(b"?"), "model.json"),
    "config": (lambda p: p.write_text(models.mlp().to_json()), "without its weights"),
    "list": (lambda p: p.write_text('[{"paths": [], "weights": []}]'), "weights alone"),
    "some.json": (lambda p: p.write_text('{"a": 1}'), "no model.json"),
    "bad.json": (lambda p: p.write_text("{"), "cannot be read as JSON"),
    "deep.json": (lambda p: p.write_text('{"a":' * 101), "nests deeper"),
    "half.json": (
        lambda p: p.write_text('{"modelTopology": 1, "weightsManifest": []}'),
        "modelTopology is no object",
    ),
    "notes.txt": (lambda p: p.write_text("hello"), "not a model file that tfsnn reads"),
    "empty": (lambda p: p.touch(), "not a model file that tfsnn reads"),
    "folder": (lambda p: p.mkdir(), "without saved_model.pb, model.json or one .pb"),
    "pipe": (os.mkfifo, "cannot be read .*named pipe"),
    "missing": (lambda p: None, "does not exist"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_read_says_what_it_is(tmp_path, name):
    write, what = FOREIGN[name]
    path = tmp_path / name
    write(path)
    with pytest.raises(tfsnn.ModelError, match=f"^{path}: .*{what}"):
        load_model(path)


def test_a_folder_of_checkpoints(tmp_path):
    checkpoint(tmp_path / "other")
    with pytest.raises(tfsnn.ModelError, match="folder with checkpoints"):
        saved = tmp_path / "saved"
        (saved / "c.index").touch()
        load_model(saved)


def test_an_unknown_file_is_told_all_that_is_read(tmp_path):
    (tmp_path / "x").write_text("hello")
    with pytest.raises(tfsnn.ModelError) as raised:
        load_model(tmp_path / "x")
    assert all(each.name in str(raised.value) for each in READ)
    assert len({each.name for each in FORMATS}) == len(FORMATS)


def test_keras_files_need_no_suffix(tmp_path):
    model = models.mlp()
    x = np.ones((2, *model.input_shape[1:]), np.float32)
    for suffix in (".keras", ".h5"):
        model.save(tmp_path / f"m{suffix}")
        (tmp_path / f"m{suffix}").rename(tmp_path / "m")
        np.testing.assert_array_equal(load_model(tmp_path / "m")(x), model(x))
