"""tfsnn export saved_model, as a user runs it."""

import json

import models
import numpy as np
import pytest
import tensorflow as tf
from command_line import run

import tfsnn


@pytest.fixture(scope="module")
def snn_path(tmp_path_factory):
    model = models.randomise(models.cnn())
    path = tmp_path_factory.mktemp("snn") / "snn.keras"
    tfsnn.convert(model, models.samples(model, 9), timesteps=4).save(path)
    return path


def export(snn_path, output, *more):
    return run("export", "saved_model", snn_path, "--output", output, *more)


@pytest.mark.slow
def test_versions_one_after_the_other(snn_path, tmp_path):
    output = tmp_path / "models" / "digits"
    first = export(snn_path, output, "--version", 4)
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith(f"{output / '4'}: version 4 of digits\n")
    assert "serving_default: inputs float32 (B, 6, 6, 2) -> outputs" in first.stdout
    assert str(output / "4" / "README.md") in first.stdout
    again = export(snn_path, output, "--version", 4)
    assert again.exit_code == 1 and "never overwritten" in again.stderr

    (tmp_path / "names").write_text("a\nb\nc\n")
    options = ("--input", "uint8", "--raw", "--class-names", tmp_path / "names")
    second = export(
        snn_path, output, *options, "--xla", "--batch-sizes", "8,2", "--json"
    )
    assert second.exit_code == 0, second.output
    found = json.loads(second.stdout)
    assert found["path"] == str(output / "5") and found["version"] == 5
    assert (found["model"], found["batch_sizes"]) == ("digits", [2, 8])
    assert {*found["signatures"]} == {
        *("serving_default", "outputs_only", "anytime", "classify"),
        *("serving_xla", "serving_xla_2", "serving_xla_8"),
    }
    assert found["signatures"]["serving_default"] == {
        "inputs": {"inputs": "uint8 (B, 6, 6, 2)"},
        "outputs": {
            "outputs": "float32 (B, 3)",
            "steps": "int32 (B)",
            "spikes": "float32 (B)",
        },
    }
    assert {path.name for path in output.iterdir()} == {"4", "5"}

    served = tf.saved_model.load(str(output / "5")).signatures["serving_default"]
    pixels = np.random.default_rng(0).integers(0, 256, (3, 6, 6, 2)).astype(np.uint8)
    expected = tfsnn.load_model(snn_path).predict(pixels.astype(np.float32), verbose=0)
    np.testing.assert_allclose(served(inputs=pixels)["outputs"], expected, 1e-5)


def test_frames_one_after_the_other(snn_path, tmp_path):
    options = ("--over-time", "-o", "steps_per_frame", 2, "-o", "readout", "last")
    done = export(snn_path, tmp_path / "video", *options, "--batch-sizes", 1)
    assert done.exit_code == 0, done.output
    assert "step: inputs float32 (B, 6, 6, 2), state (" in done.stdout
    served = tf.saved_model.load(str(tmp_path / "video" / "1")).signatures
    stream = tfsnn.load_model(snn_path).stream(steps_per_frame=2, readout="last")
    frame = np.random.default_rng(0).random((1, 6, 6, 2), np.float32)
    first = served["start"](inputs=frame)
    np.testing.assert_array_equal(first.pop("outputs"), stream.step(frame))
    second = served["step"](inputs=frame / 2, **first)["outputs"]
    np.testing.assert_array_equal(second, stream.step(frame / 2))


@pytest.mark.parametrize(
    "options, code, says",
    [
        (("-o", "steps_per_frame", "2"), 2, "give over_time=True as well"),
        (("--input", "jpeg"), 2, "one input, (height, width, 1 or 3)"),
        (("--raw",), 2, "raw is for 8-bit inputs"),
        (("--batch-sizes", "0,1"), 2, "not a list of numbers from 1 up"),
        (("--version", "0"), 2, "--version"),
        (("--class-names", "missing.txt"), 1, "missing.txt cannot be read"),
    ],
)
def test_what_is_refused(snn_path, tmp_path, options, code, says):
    refused = export(snn_path, tmp_path / "digits", *options)
    assert refused.exit_code == code and says in refused.stderr
    assert not (tmp_path / "digits").exists()
