"""The weights of TensorFlow.js: their values, and what a list may not ask for."""

import json
import os

import numpy as np
import pytest
from tfjs_files import write

import tfsnn
from tfsnn.sources.tfjs.manifest import read_weights

WEIGHTS = {
    "a/kernel": np.linspace(-3, 5, 12, dtype=np.float32).reshape(3, 4),
    "words": np.array(["", "zwölf", "x" * 300], object),
    "shape": np.array([2, -1, 2**31 - 1], np.int32),
    "yes": np.array([True, False, True]),
    "none": np.zeros((0, 3), np.float32),
    "one": np.float32(7.5),
}


def manifest(folder):
    return json.loads((folder / "model.json").read_text())["weightsManifest"]


@pytest.mark.parametrize("quantized", [None, "float16", "uint16", "uint8"])
@pytest.mark.parametrize("shard", [7, 10**6])
def test_values(tmp_path, quantized, shard):
    stored = write(tmp_path, {}, WEIGHTS, quantized=quantized, shard=shard)
    found = read_weights(tmp_path, manifest(tmp_path))
    assert list(found) == [name for name in WEIGHTS if name != "words"]
    for name, value in found.items():
        np.testing.assert_array_equal(value, stored[name])
        assert value.dtype == WEIGHTS[name].dtype
    bound = {None: 0, "float16": 2e-3, "uint16": 1e-4, "uint8": 2e-2}[quantized]
    np.testing.assert_allclose(found["a/kernel"], WEIGHTS["a/kernel"], atol=bound)


def test_quantised_integers_are_rounded(tmp_path):
    (tmp_path / "w").write_bytes(bytes([0, 1, 2, 255]))
    entry = {"name": "i", "shape": [4], "dtype": "int32"}
    entry["quantization"] = {"dtype": "uint8", "scale": 1.1, "min": -3}
    found = read_weights(tmp_path, [{"paths": ["w"], "weights": [entry]}])
    assert found["i"].tolist() == [-3, -2, -1, 278] and found["i"].dtype == np.int32


OUTSIDE = [
    "../secret",
    "/etc/passwd",
    "a/b",
    "..",
    ".",
    "",
    "a\\b",
    "https://x/y",
    "c:d",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_files_elsewhere_are_not_opened(tmp_path, path):
    entry = {"name": "w", "shape": [2], "dtype": "float32"}
    with pytest.raises(tfsnn.ModelError, match="only files in the same folder"):
        read_weights(tmp_path, [{"paths": [path], "weights": [entry]}])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"shape": [10**9, 10**9]}, "more than 2,147,483,647 bytes|files have"),
        ({"shape": [10**8]}, "take 400,000,000 bytes, and their files have 8"),
        ({"shape": [3]}, "take 12 bytes, and their files have 8"),
        ({"shape": [1]}, "longer than the weights"),
        ({"shape": [-2]}, "impossible shape"),
        ({"shape": [1] * 65 + [2]}, "impossible shape"),
        ({"shape": "x"}, "not a list"),
        ({"dtype": "complex64"}, "of type complex64"),
        ({"dtype": "uint8"}, "of type uint8"),
        ({"quantization": {"dtype": "int4"}}, "stored as int4"),
        ({"quantization": {"dtype": "uint16"}, "shape": [4]}, "no numbers"),
        ({"dtype": "string", "shape": [2]}, "and their files have 8"),
        ({"dtype": "string", "shape": [10**9]}, "files have 8"),
        ({"shape": [10**12]}, "not a whole number"),
        ({"name": 3}, "name is 3"),
    ],
)
def test_what_does_not_fit(tmp_path, change, why):
    (tmp_path / "w.bin").write_bytes(b"\xff\0\0\0abcd")
    entry = {"name": "w", "shape": [2], "dtype": "float32", **change}
    with pytest.raises(tfsnn.ModelError, match=why):
        read_weights(tmp_path, [{"paths": ["w.bin"], "weights": [entry]}])


def test_one_name_twice(tmp_path):
    (tmp_path / "w").write_bytes(bytes(8))
    entry = {"name": "w", "shape": [], "dtype": "float32"}
    with pytest.raises(tfsnn.ModelError, match="two of its weights are called 'w'"):
        read_weights(tmp_path, [{"paths": ["w"], "weights": [entry, entry]}])


def test_missing_files_and_pipes(tmp_path):
    entry = {"name": "w", "shape": [2], "dtype": "float32"}
    group = [{"paths": ["w"], "weights": [entry]}]
    with pytest.raises(tfsnn.ModelError, match="the file w of its weights is missing"):
        read_weights(tmp_path, group)
    os.mkfifo(tmp_path / "w")
    with pytest.raises(tfsnn.ModelError, match="it is a named pipe"):
        read_weights(tmp_path, group)
