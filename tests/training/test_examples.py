"""The examples of training run, in small."""

import re
import runpy
import sys

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from repository import ROOT

pytestmark = pytest.mark.slow


def run(name, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "path", [str(ROOT / "examples"), *sys.path])
    main = runpy.run_path(str(ROOT / "examples" / name))["main"]
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exception is None, done.output
    return done.output


def test_the_resnet50_is_balanced_and_trained(monkeypatch):
    options = "--size 8 --timesteps 2 --blocks 1,1 --width 4 --batch-size 4 --steps 2"
    output = run("spiking_resnet50.py", monkeypatch, *options.split())
    assert output.count("leaky_integrate_fire") == 7
    found = re.search(r"per layer: (\S+) before, (\S+) with", output)
    before, after = (float(number) for number in found.groups())
    assert abs(after - 1) <= abs(before - 1)
    assert "loss " in output


def test_the_recipe_for_cifar_trains_and_saves(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (8, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(8) % 3)
    # With 4 filters oneDNN (TensorFlow 2.21) aborts on a processor without AVX-512.
    options = ("--timesteps", 2, "--epochs", 1, "--batch-size", 4, "--width", 8)
    data, saved = tmp_path / "data.npz", tmp_path / "snn.keras"
    paths = ("--train", data, "--test", data, "--output", saved, "--blocks", 1)
    output = run("train_spiking_cifar.py", monkeypatch, *paths, *options)
    assert "% on 8 images" in output
    assert keras.saving.load_model(saved)(x / 255).shape == (8, 2, 3)
