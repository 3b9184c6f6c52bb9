"""The exported network in Apache Beam's RunInference: what `predict` gives, by id.

Skipped where Beam is not installed (extra `beam`). FnApiRunner is DirectRunner's engine
in this process; DirectRunner itself may first download another one.
"""

import ast
import json
from importlib.util import find_spec

import exporting
import keras
import numpy as np
import pytest
import tensorflow as tf
from files_to_predict import snn as image_snn
from keras import layers
from repository import ROOT
from samples import PIXELS, SCALED
from tfrecord_files import FEATURES, example, of_floats, records, write

if find_spec("apache_beam") is None:
    pytest.skip(
        "Apache Beam is not installed: pip install 'tfsnn[beam]'",
        allow_module_level=True,
    )

EXAMPLE = ROOT / "examples" / "beam_inference.py"


@pytest.fixture
def predicted(monkeypatch, tmp_path):
    """Runs the pipeline; its results by id, each of which is there once."""
    monkeypatch.syspath_prepend(str(EXAMPLE.parent))
    import beam_inference

    def run(exported, data, *more):
        output = tmp_path / "results" / "part"
        places = ["--model", exported.path, "--data", data, "--output", output]
        arguments = [*places, "--runner", "FnApiRunner", "--batch-size", 4, *more]
        beam_inference.run([str(argument) for argument in arguments])
        files = sorted(output.parent.glob("part-*.jsonl"))
        lines = [json.loads(line) for f in files for line in f.read_text().splitlines()]
        by_id = {line.pop("id"): line for line in lines}
        assert len(by_id) == len(lines)
        return by_id

    return run


def dense():
    net = [keras.Input((6,)), layers.Dense(5, activation="relu"), layers.Dense(3)]
    return keras.Sequential(net)


def test_every_sample_once_with_the_outputs_of_predict(predicted, tmp_path):
    """Nine samples in three files, in batches of four; every sum is exact."""
    snn, x = exporting.converted(dense)
    folder = tmp_path / "data"
    folder.mkdir()
    stored = [example(image_encoded=of_floats(values)) for values in x[:7]]
    write(folder / "a.tfrecord", stored[:6])
    zipped = tf.io.TFRecordOptions(compression_type="GZIP")
    write(folder / "b.tfrecord.gz", stored[6:], zipped)
    np.savez(folder / "c.npz", x=x[7:])
    found = predicted(exporting.export(snn, tmp_path), folder / "*", "--outputs")
    names = [f"{folder}/a.tfrecord#{row}" for row in range(6)]
    names += [f"{folder}/b.tfrecord.gz#0", *(f"{folder}/c.npz#{i}" for i in (0, 1))]
    assert sorted(found) == names  # and no other id
    outputs = snn.predict(x, verbose=0)
    assert len(set(outputs.argmax(-1))) > 1
    for name, y in zip(names, outputs, strict=True):
        assert found[name] == {
            "top": y.argmax(),
            "steps": snn.timesteps,
            "outputs": y.tolist(),
        }


@pytest.mark.parametrize(
    ("input_type", "form"),
    [
        ("float", "uint8 bytes"),
        ("float", "float bytes"),
        ("float", "integers"),
        ("uint8", "uint8 bytes"),
        ("uint8", "integers"),
        ("jpeg", "png"),
    ],
)
def test_images_in_every_form(input_type, form, predicted, tmp_path):
    snn = image_snn()
    data = write(tmp_path / "x.tfrecord", records(FEATURES[form]))
    exported = exporting.export(snn, tmp_path, input_type=input_type)
    found = predicted(exported, data, "--outputs")
    assert len(found) == len(PIXELS)
    outputs = [found[f"{data}#{row}"]["outputs"] for row in range(len(PIXELS))]
    expected = snn.predict(SCALED, verbose=0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)


def test_outputs_are_left_out_unless_asked_for(predicted, tmp_path):
    snn = image_snn()
    np.savez(tmp_path / "x.npz", x=PIXELS)
    found = predicted(exporting.export(snn, tmp_path), tmp_path / "x.npz")
    tops = [found[f"{tmp_path}/x.npz#{row}"]["top"] for row in range(len(PIXELS))]
    assert tops == snn.predict(SCALED, verbose=0).argmax(-1).tolist()
    assert set(found[f"{tmp_path}/x.npz#0"]) == {"top", "steps"}


@pytest.mark.parametrize(
    ("input_type", "form", "more", "said"),
    [
        ("float", "png", (), "export with --input jpeg"),
        ("uint8", "floats", (), "export with --input float"),
        ("float", "floats", ("--image-key", "pixels"), "no feature 'pixels'"),
    ],
)
def test_data_that_do_not_fit_end_the_pipeline(
    input_type, form, more, said, predicted, tmp_path
):
    data = write(tmp_path / "x.tfrecord", records(FEATURES[form]))
    exported = exporting.export(image_snn(), tmp_path, input_type=input_type)
    with pytest.raises(Exception, match=said):
        predicted(exported, data, *more)
    assert not list((tmp_path / "results").glob("part-*"))


def test_a_pattern_that_matches_nothing_is_an_error(predicted, tmp_path):
    exported = exporting.export(image_snn(), tmp_path)
    with pytest.raises(Exception, match="Empty match"):
        predicted(exported, tmp_path / "none-*.npz")


def test_a_worker_needs_no_tfsnn():
    imports = [
        node
        for node in ast.walk(ast.parse(EXAMPLE.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = [getattr(n, "module", None) or n.names[0].name for n in imports]
    packages = {name.split(".")[0] for name in names}
    assert {"apache_beam", "tensorflow"} <= packages
    assert not any(name.startswith("tfsnn") for name in packages)
