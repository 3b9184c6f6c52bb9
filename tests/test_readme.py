"""The README keeps its word: its commands, its help text and its figures."""

import hashlib
import re
import runpy
import shlex
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import tfsnn
from tfsnn_cli.main import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_generated_parts_are_up_to_date(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    script = runpy.run_path(str(ROOT / "benchmarks" / "readme.py"))
    assert script["written"](README) == README


def test_ci_runs_the_test_command_of_the_readme():
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("pip install . && .venv/bin/tfsnn demo")
    assert commands[1].endswith("pip install -e '.[test]' && .venv/bin/pytest")


SHIPPED = ["mnist_cnn", "fashion_mnist_cnn", "resnet20_cifar10", "vgg9_cifar10"]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_have_the_checksums_of_their_readme(name):
    folder = ROOT / "saved_models" / name
    stated = re.findall(
        r"\| (\S+) \| ([0-9a-f]{64}) \|", (folder / "README.md").read_text()
    )
    assert len(stated) == 3
    for file, digest in stated:
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest


def test_every_example_and_benchmark_names_itself():
    """A script's docstring says how to run it, with the file's own name."""
    for folder in ("examples", "benchmarks"):
        for path in (ROOT / folder).glob("*.py"):
            source = path.read_text()
            if '__name__ == "__main__"' in source:
                assert f"python {folder}/{path.name}" in source


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the files that the README speaks of, but few samples."""
    shipped = ROOT / "saved_models" / "mnist_cnn"
    shutil.copy(shipped / "model.keras", tmp_path / "cnn.keras")
    for name, of, count in (("train", "calibration", 64), ("test", "test", 50)):
        with np.load(shipped / f"{of}.npz") as samples:
            few = {key: values[:count] for key, values in samples.items()}
        np.savez(tmp_path / f"{name}.npz", **few)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_shell_commands_work(folder):
    found = [block for block in blocks("sh") if block.startswith("tfsnn ")]
    assert len(found) == 6  # later ones read what the first wrote
    for line in "".join(found).splitlines():
        program, *arguments = shlex.split(line)
        assert program == "tfsnn"
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output
    written = ["snn.keras", "chosen.keras", "fast.keras", "report.html"]
    assert all((folder / name).exists() for name in written)
    assert (folder / "models" / "digits" / "1" / "saved_model.pb").exists()


def test_the_python_code_works(folder):
    with np.load("train.npz") as train, np.load("test.npz") as test:
        x_calibration = train["x"].astype("float32") / 255
        x, y = test["x"].astype("float32") / 255, test["y"]
    first, handler, fast = blocks("python")
    names = {"x_calibration": x_calibration, "x": x, "y": y}
    exec(first, names)
    assert (folder / "snn.keras").exists()
    assert names["trace"].spikes["conv2d_3_relu"].shape[:2] == (4, 50)
    exec(fast, names)
    assert set(names["snn"].predict(x, verbose=0)) == {"outputs", "steps"}

    class MyScale(keras.layers.Layer):
        def __init__(self, gain, **kwargs):
            super().__init__(**kwargs)
            self.gain = gain

        def call(self, x):
            return x * self.gain

        def get_config(self):
            return {**super().get_config(), "gain": self.gain}

    exec(handler, {"tfsnn": tfsnn, "MyScale": MyScale})
    gain = np.array([1.0, 2.0], "float32")
    model = keras.Sequential([keras.Input((2,)), MyScale(gain), keras.layers.ReLU()])
    samples = np.array([[1.0, 1.0], [0.5, 0.25]], "float32")
    snn = tfsnn.convert(model, samples, levels=4, scale="max", timesteps=1)
    assert (snn.predict(samples, verbose=0) == model(samples).numpy()).all()
