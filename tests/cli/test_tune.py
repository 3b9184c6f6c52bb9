"""``tfsnn tune``: what is written, what is said, and how it is interrupted."""

import contextlib
import json

import keras
import numpy as np
import pytest
from command_line import run, succeed

import tfsnn
from tfsnn.training.run import Position
from tfsnn_cli import learning, tune
from tfsnn_cli.talk import training_line

DRAWN = np.random.default_rng(4)
CENTRES = DRAWN.normal(size=(3, 6)).astype(np.float32)
Y = DRAWN.integers(0, 3, 120)
X = (CENTRES[Y] + 0.4 * DRAWN.normal(size=(120, 6))).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune")
    keras.utils.set_random_seed(1)
    layers = [keras.Input((6,)), keras.layers.Dense(12, "relu")]
    ann = keras.Sequential([*layers, keras.layers.Dense(3, "softmax")])
    ann.save(folder / "cnn.keras")
    tfsnn.convert(ann, X, "data_norm", timesteps=2).save(folder / "snn.keras")
    np.savez(folder / "train.npz", x=X, y=Y)
    np.savez(folder / "unlabelled.npz", x=X)
    np.savez(folder / "wrong.npz", x=X, y=Y + 1)
    return folder


def given(files, *more, data="train.npz", output="tuned.keras"):
    fast = ("--learning-rate", 0.03, "--batch-size", 12, "--epochs", 3)
    where = ("--data", files / data, "--output", files / output)
    return ("tune", files / "snn.keras", *where, *fast, *more)


@pytest.mark.slow
def test_a_better_network_is_written(files):
    said = json.loads(succeed(*given(files, "--ann", files / "cnn.keras", "--json")))
    data = ("--data", files / "train.npz")
    assert said["improved"] and said["loss"] == "labels and teacher"
    assert said["rows"][-1]["after"] > said["rows"][-1]["before"] + 0.1
    shown, before = (
        json.loads(succeed("evaluate", files / name, *data, "--json"))
        for name in ("tuned.keras", "snn.keras")
    )
    assert shown["rows"][-1]["accuracy"] > before["rows"][-1]["accuracy"] + 0.1
    assert [*files.glob("*checkpoint*")] == []
    networks = (files / "cnn.keras", files / "tuned.keras")
    compared = run("verify", *networks, *data)
    assert "tuned for" in compared.stderr and compared.exit_code == 0
    again = run(*given(files))
    assert again.exit_code == 1 and "exists already" in again.output


@pytest.mark.slow
def test_ctrl_c_writes_the_best_and_the_same_command_continues(files, monkeypatch):
    more = ("--validation", files / "train.npz", "--overwrite", "--json")
    whole = json.loads(succeed(*given(files, *more, output="whole.keras")))

    @contextlib.contextmanager
    def interrupting():
        def watch(position):
            if position.step == 14:
                raise KeyboardInterrupt

        yield watch

    with monkeypatch.context() as patch:
        patch.setattr(tune, "training", interrupting)
        stopped = run(*given(files, *more, output="part.keras"))
    assert stopped.exit_code == learning.INTERRUPTED
    assert json.loads(stopped.stdout)["stopped"] == "interrupted at step 14 of 30"
    assert "--overwrite to continue" in stopped.stderr
    assert (files / "part.keras").exists()
    part = json.loads(succeed(*given(files, *more, output="part.keras")))
    assert part["scores"] == whole["scores"]
    ours, theirs = (
        tfsnn.load_model(files / name).get_weights()
        for name in ("part.keras", "whole.keras")
    )
    assert all(map(np.array_equal, ours, theirs))


@pytest.mark.parametrize(
    ("more", "data", "code", "message"),
    [
        ((), "unlabelled.npz", 2, "no labels, and there is no ANN"),
        ((), "wrong.npz", 1, "label 3, which is out of range"),
        (("--augment", "flip"), "train.npz", 2, "changes pictures"),
        (("--gradient", "luck"), "train.npz", 2, "luck"),
        (("--learning-rate", 0), "train.npz", 2, "learning-rate"),
        (("-o", "budget", "-1"), "train.npz", 2, "budget"),
    ],
)
def test_what_cannot_be_is_one_error_and_no_file(files, more, data, code, message):
    found = run(*given(files, *more, data=data, output="refused.keras"))
    assert found.exit_code == code and message in found.output
    assert not (files / "refused.keras").exists() and "Traceback" not in found.output


def test_the_network_itself_is_not_written_over(files):
    found = run(*given(files, "--overwrite", output="snn.keras"))
    assert found.exit_code == 2 and "is SNN itself" in found.output


def test_the_line_of_a_training():
    position = Position(1, 2, 1000, 1562, 0.51234, 61.7, 3725.4)
    assert training_line(position) == (
        "epoch 2/2, step 1000/1562, loss 0.5123, 62 samples/s, 1:02:05 left"
    )
