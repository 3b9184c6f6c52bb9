"""What runs exported programs, as far as it goes without JAX: data, totals, errors."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image
from stablehlo_networks import T, network

import tfsnn
import tfsnn_stablehlo
from tfsnn.export.stablehlo.writing import export_stablehlo
from tfsnn_cli.main import cli
from tfsnn_stablehlo import DataError, OptionError, ProgramError, Totals, open_data
from tfsnn_stablehlo.images import resize

ROOT = Path(__file__).parents[1]
SHAPE = (4, 4, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (10, *SHAPE), dtype=np.uint8)
CLASSES = np.arange(10) % 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two networks, exported."""
    place = tmp_path_factory.mktemp("exported")
    return {
        name: export_stablehlo(network(name)[0], place / name, batch_size=2)
        for name in ("max_pooling", "paced")
    }


@pytest.mark.parametrize("name", ["max_pooling", "paced"])
@pytest.mark.parametrize("steps", [None, [1, 3, T]])
def test_the_table_is_that_of_evaluate(name, steps, folders):
    """The totals of what the program observes, here computed by TensorFlow."""
    snn, x = network(name)
    y = np.arange(len(x)) % 3
    expected = tfsnn.evaluate(snn, (x, y), timesteps=steps)
    rows = [row.timesteps for row in expected.rows]
    known = folders[name].manifest["evaluation"]
    totals = Totals(json.loads(json.dumps(known)), rows)
    for part in (slice(0, 2), slice(2, 4), slice(4, None)):
        seen = snn.run(x[part], T, ("outputs", "counts")).observed
        outputs = seen[f"outputs/{snn.graph.outputs[0]}"].numpy()
        counts = [seen[f"counts/{n['node']}"].numpy() for n in known["counted"]]
        totals.observe(outputs, np.stack(counts), y[part])
    found = totals.evaluation()
    fields = [field.name for field in dataclasses.fields(tfsnn_stablehlo.Row)]
    for row, other in zip(found.rows, expected.rows, strict=True):
        for field in fields:
            value = getattr(other, field)
            value = value if value is None else pytest.approx(value, rel=1e-12)
            assert getattr(row, field) == value, field
    assert str(found) == str(expected)
    names = expected.to_dict().keys() - {"early_exit"}  # which this network has not
    assert found.to_dict().keys() == names


def test_labels_out_of_range_are_refused(folders):
    totals = Totals(folders["paced"].manifest["evaluation"], [1])
    with pytest.raises(DataError, match=r"label 3 is out of range: .* 3 classes"):
        totals.observe(np.zeros((T, 1, 3)), None, np.array([3]))


ARRAYS = {
    "pixels": {"x": PIXELS, "y": CLASSES},
    "floats": {"x": PIXELS / 7.0, "y": CLASSES[:, None].astype(float)},
    "one_hot": {"x": PIXELS.astype(bool), "y": np.eye(3)[CLASSES]},
    "by_name": {"image": PIXELS.astype(np.float16)},
    "fortran": {"x": np.asfortranarray(PIXELS), "y": CLASSES.astype(np.uint8)},
}


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("name", ARRAYS)
def test_npz_files_are_read_as_by_tfsnn(name, raw, tmp_path):
    save = np.savez_compressed if raw else np.savez
    save(tmp_path / "data.npz", **ARRAYS[name])
    same(tmp_path / "data.npz", raw, limit=None)
    same(tmp_path / "data.npz", raw, limit=7)


def same(path, raw, limit, shape=SHAPE):
    """Both readers: the same batches; returns x of all."""
    ours = open_data(path, {"image": shape}, raw=raw, limit=limit)
    theirs = tfsnn.open_data(path, {"image": shape}, raw=raw, limit=limit)
    assert ours.size == theirs.size
    batches = list(ours.batches(3))
    for (x, y), (expected, labels) in zip(batches, theirs.batches(3), strict=True):
        assert x["image"].dtype == expected.dtype
        np.testing.assert_array_equal(x["image"], expected)
        assert (y is None) == (labels is None)
        if y is not None:
            assert y.dtype == labels.dtype
            np.testing.assert_array_equal(y, labels)
    return np.concatenate([x["image"] for x, _ in batches])


def test_several_inputs_by_name(tmp_path):
    x, tokens = np.ones((5, 2), np.float32), np.arange(15).reshape(5, 3)
    np.savez(tmp_path / "data.npz", tokens=tokens, x=x)
    inputs = {"x": (2,), "tokens": (3,)}
    data = open_data(tmp_path / "data.npz", inputs, raw=["tokens"])
    ((first, y), *_) = data.batches(4)
    assert list(first) == ["x", "tokens"] and y is None
    np.testing.assert_array_equal(first["tokens"], tokens[:4])


@pytest.mark.parametrize("kind", ["png", "bmp", "gif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_folders_are_read_as_by_tfsnn(kind, channels, tmp_path):
    """Five classes in turn, images of other sizes: TensorFlow's own values."""
    for k, (name, count) in enumerate({"d": 3, "a": 2, "b": 1, "c": 0}.items()):
        (tmp_path / name).mkdir()
        for i in range(count):
            pixels = PIXELS[3 * k + i, : 3 + i % 2]
            grey = channels == 1 or kind == "gif"
            image = Image.fromarray(pixels[..., 0] if grey else pixels)
            image.save(tmp_path / name / f"{i}.{kind}")
    (tmp_path / "a" / "notes.txt").write_text("not an image")
    (tmp_path / ".cache").mkdir()
    assert same(tmp_path, True, None, (4, 4, channels)).max() > 1
    assert same(tmp_path, False, 4, (5, 7, channels)).shape == (4, 5, 7, channels)


@pytest.mark.parametrize("size", [(4, 6), (9, 3), (2, 2), (1, 1), (13, 7)])
def test_images_are_resized_as_by_tensorflow(size):
    image = PIXELS[0].astype(np.float32)
    expected = tf.image.resize(image, size).numpy()
    np.testing.assert_allclose(resize(image, *size), expected, rtol=0, atol=2e-5)


def test_images_that_do_not_fit_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "0.png"
    for image, message in (
        (Image.fromarray(PIXELS[0]), "has colours, the network takes grey values"),
        (Image.fromarray(np.full((4, 4), 999, np.uint16)), "more than 8 bits"),
    ):
        image.save(path)
        with pytest.raises(DataError, match=message):
            list(open_data(tmp_path, {"x": (4, 4, 1)}).batches(1))
    path.write_bytes(b"no image")
    with pytest.raises(DataError, match=r"0\.png cannot be read"):
        list(open_data(tmp_path, {"x": (4, 4, 1)}).batches(1))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": PIXELS}, "has no array x, only z; write it with"),
        ({"x": PIXELS[:, :3]}, r"has shape \(10, 3, 4, 3\), the program takes \(N, 4"),
        ({"x": PIXELS.astype(int)}, "of type int64, whose range is not known"),
        ({"x": PIXELS, "y": CLASSES[:9]}, "differ in their number of samples"),
        ({"x": PIXELS, "y": CLASSES - 1}, "is -1 in sample 0"),
        ({"x": PIXELS, "y": CLASSES / 2}, "is 0.5 in sample 1"),
        ({"x": PIXELS, "y": np.array(["a"] * 10)}, "of shape .* and type <U1"),
        ({"x": PIXELS[:0]}, "holds no samples"),
        ({"x": np.full((2, *SHAPE), np.nan)}, "NaN or Inf .* in sample 0"),
        ({"x": np.full((2, *SHAPE), 1e300)}, "NaN or Inf .* in sample 0"),
        ({"x": np.array([None])}, "or is damaged"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, message, tmp_path):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(DataError, match=message):
        list(open_data(tmp_path / "data.npz", {"x": SHAPE}).batches(4))


def test_what_is_no_data_is_refused(tmp_path):
    inputs = {"x": SHAPE}
    with pytest.raises(OptionError, match="data sets of tfds need TensorFlow"):
        open_data("tfds:mnist", inputs)
    with pytest.raises(OptionError, match=r"cannot be opened from .data\.csv"):
        open_data("data.csv", inputs)
    with pytest.raises(OptionError, match="limit is 0"):
        open_data("data.npz", inputs, limit=0)
    with pytest.raises(DataError, match="There is no file"):
        open_data(tmp_path / "none.npz", inputs)
    with pytest.raises(DataError, match=r"no images \(.png"):
        open_data(tmp_path, inputs)
    (tmp_path / "cut.npz").write_bytes(b"PK\3\4")
    with pytest.raises(DataError, match="or is damaged"):
        open_data(tmp_path / "cut.npz", inputs)


def test_a_folder_that_is_no_program_is_refused(folders, tmp_path):
    good, folder = folders["paced"].path, tmp_path / "net"
    with pytest.raises(ProgramError, match=r"manifest\.json cannot be read"):
        tfsnn_stablehlo.load(folder)
    shutil.copytree(good, folder)
    (folder / "weights.npz").write_bytes(b"other")
    with pytest.raises(ProgramError, match="is not what was exported: it is damaged"):
        tfsnn_stablehlo.load(folder)
    (folder / "weights.npz").unlink()
    with pytest.raises(ProgramError, match=r"weights\.npz cannot be read"):
        tfsnn_stablehlo.load(folder)
    manifest = {**folders["paced"].manifest, "form": 2}
    for text, message in (
        (json.dumps(manifest), "is of form 2, this version reads 1"),
        ('{"format": "other"}', "is not a manifest"),
        ("{", "cannot be read"),
    ):
        (folder / "manifest.json").write_text(text)
        with pytest.raises(ProgramError, match=message):
            tfsnn_stablehlo.load(folder)


def test_the_command_says_what_is_wrong(folders, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jax", None)  # as if it were not installed
    given = ["run-stablehlo", str(folders["paced"].path), "--data", "d.npz"]
    result = CliRunner().invoke(cli, given)
    assert result.exit_code == 1 and result.stdout == ""
    assert "needs JAX, which is not installed: pip install jax" in result.stderr
    result = CliRunner().invoke(cli, ["--debug", *given])
    assert result.exit_code == 1 and "Traceback" in result.stderr
    assert "bug in tfsnn" not in result.stderr
    result = CliRunner().invoke(cli, ["run-stablehlo", str(tmp_path), "--data", "d"])
    assert result.exit_code == 1 and "give the folder that tfsnn" in result.stderr


def test_neither_tensorflow_nor_tfsnn_is_imported():
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import tfsnn_stablehlo, tfsnn_cli.run_stablehlo
print({"tensorflow", "keras", "tfsnn", "jax"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
