"""``tfsnn predict``, as a user runs it; stopped, and with no room on the disk."""

import io
import json
import os
import signal
import time

import models
import numpy as np
import predicting
import pytest
from command_line import run
from tfrecord_files import example, of_bytes, write

import tfsnn
from tfsnn_cli import predict


@pytest.fixture(scope="module", autouse=True)
def _server(request):
    predicting.get_ready(request)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with a model, its SNN, and data in two files."""
    folder = tmp_path_factory.mktemp("work")
    model = models.randomise(models.cnn())
    model.save(folder / "model.keras")
    x = models.samples(model, 24)
    tfsnn.convert(model, x, timesteps=2).save(folder / "snn.keras")
    np.savez(folder / "0.npz", x=x[:10], y=np.arange(10) % 3)
    np.savez(folder / "1.npz", x=x[10:], y=np.arange(14) % 3)
    return folder


def columns(output, name):
    found = []
    for path in sorted(output.glob("shard-*.npz")):
        with np.load(path) as stored:
            found.append(stored[name])
    return np.concatenate(found)


def test_results_and_summary(work, tmp_path):
    arguments = (
        *("predict", work / "snn.keras", "--data", f"{work}/*.npz"),
        *("--output", tmp_path / "out", "--shard-size", 7, "--batch-size", 5),
    )
    result = run(*arguments, "--json")
    assert result.exit_code == 0 and result.stderr == ""
    found = json.loads(result.stdout)
    assert found["samples"] == 24 and found["shards"] == 4
    assert found["images_per_second"] == pytest.approx(24 / found["seconds"])
    assert found["totals"]["mean_steps"] == 2
    snn = tfsnn.load_model(work / "snn.keras")
    x = np.concatenate([np.load(work / f"{i}.npz")["x"] for i in (0, 1)])
    np.testing.assert_allclose(
        columns(tmp_path / "out", "outputs"), snn.run(x).outputs[0], atol=1e-6
    )
    again = run(*arguments)
    assert again.exit_code == 0
    assert again.stdout.startswith("0 samples in 0.0 s; 0 shards written to ")
    assert "\ncomplete: 24 samples in 4 shards, 2.00 steps on average" in again.stdout


def test_options_reach_the_library(work, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 2), dtype=np.uint8)
    stored = [example(pixels=of_bytes(p.tobytes())) for p in pixels]
    for i in (0, 1):
        write(tmp_path / f"{i}.tfrecord", stored[2 * i : 2 * i + 2])
    for number in (0, 1):
        result = run(
            *("predict", work / "snn.keras", "--output", tmp_path / "out"),
            *("-o", "raw", "true"),
            *("--data", tmp_path / "1.tfrecord", "--data", tmp_path / "0.*"),
            *("--timesteps", 3, "-o", "image_key", "pixels", "--shard-size", 2),
            *("--worker", f"{number}/2"),
        )
        assert result.exit_code == 0, result.output
    assert "1 shards of other workers" not in result.stdout
    snn = tfsnn.load_model(work / "snn.keras")
    expected = [snn.run(pixels[i : i + 2], 3).outputs[0] for i in (2, 0)]
    np.testing.assert_array_equal(
        columns(tmp_path / "out", "outputs"), np.concatenate(expected)
    )
    assert columns(tmp_path / "out", "steps").tolist() == [3] * 4
    assert columns(tmp_path / "out", "id")[0] == "1.tfrecord#0"


def test_a_model_that_does_not_spike(work, tmp_path):
    result = run(
        *("predict", work / "model.keras", "--data", work / "0.npz"),
        *("--output", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.output
    assert "steps" not in result.stdout


@pytest.mark.parametrize(
    ("code", "message", "arguments"),
    [
        (2, "'4/4' is not I/N", ("--worker", "4/4")),
        (2, "'two' is not I/N", ("--worker", "two")),
        (2, "shard-size", ("--shard-size", "0")),
        (1, "nothing matches", ("--data", "nowhere/*.npz")),
        (1, "README.md is none of TFRecord files", ("--data", "README.md")),
    ],
)
def test_bad_input(work, tmp_path, code, message, arguments, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("no data")
    given = ("predict", work / "snn.keras", "--output", tmp_path / "out")
    data = () if "--data" in arguments else ("--data", work / "0.npz")
    result = run(*given, *data, *arguments)
    assert result.exit_code == code, result.output
    assert result.stdout == "" and result.stderr.count("Error: ") == 1
    assert message in result.stderr and "bug" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_bar_shows_images_per_second(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    clock = iter(np.arange(0, 100, 0.5))
    monkeypatch.setattr(predict.time, "perf_counter", lambda: next(clock))
    batches = [np.zeros(50) for _ in range(4)]
    shown = predict._shown(iter(batches), 4, "predicting")
    assert [len(batch) for batch in shown] == [50] * 4
    assert "predicting" in terminal.getvalue() and "images/s" in terminal.getvalue()
    assert list(predict._shown(iter([1, 2]), 2, "listing")) == [1, 2]


def start(work, output, log, *more, limit=None):
    arguments = [
        *("predict", work / "snn.keras", "--data", f"{work}/*.npz"),
        *("--output", output, *more),
    ]
    return predicting.start(predicting.command, arguments, log, limit)


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.processes
def test_ctrl_c_and_then_on(work, tmp_path):
    output, log = tmp_path / "out", tmp_path / "log"
    x = np.zeros((20_000, 6, 6, 2), np.float32)
    np.savez(tmp_path / "many.npz", x=x)
    more = ("--data", tmp_path / "many.npz", "--batch-size", 2, "--shard-size", 50)
    process = start(work, output, log, *more)
    deadline = time.monotonic() + 60
    while not list(output.glob("shard-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    process.join(60)
    assert process.exitcode == 1
    said = log.read_text()
    assert f"stopped; the same command goes on with what is missing in {output}" in said
    assert said.endswith("Aborted!\n") and "Traceback" not in said
    assert all(name[0] != "." for name in names(output))  # nothing half-written
    done = len(columns(output, "index"))
    assert done > 0 and done % 50 == 0
    assert columns(output, "index").tolist() == list(range(done))
    assert json.loads((output / "manifest.json").read_text())["totals"] is None


@pytest.mark.slow
@pytest.mark.processes
def test_a_full_disk_and_then_on(work, tmp_path):
    output, log = tmp_path / "out", tmp_path / "log"
    # The manifest fits, and no shard does.
    process = start(work, output, log, limit=2000)
    process.join(60)
    assert process.exitcode == 1
    said = log.read_text()
    assert "shard-00000-of-00001.npz cannot be written (File too large)" in said
    assert said.count("Error: ") == 1 and "bug" not in said
    assert names(output) == {"manifest.json"}
    result = run(
        *("predict", work / "snn.keras", "--data", f"{work}/*.npz"),
        *("--output", output),
    )
    assert result.exit_code == 0 and "complete: 24 samples" in result.stdout
