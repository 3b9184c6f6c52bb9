"""``tfsnn train-quantised``: what is written and said, and how it is interrupted."""

import contextlib
import json

import keras
import numpy as np
import pytest
from command_line import run, succeed

import tfsnn
from tfsnn_cli import learning, train_quantised

DRAWN = np.random.default_rng(4)
CENTRES = DRAWN.normal(size=(3, 6)).astype(np.float32)
Y = DRAWN.integers(0, 3, 200)
X = (CENTRES[Y] + 1.2 * DRAWN.normal(size=(200, 6))).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantised")
    keras.utils.set_random_seed(1)
    layers = [
        keras.Input((6,)),
        keras.layers.Dense(12, "relu"),
        keras.layers.Dense(12, "relu"),
    ]
    ann = keras.Sequential([*layers, keras.layers.Dense(3, "softmax")])
    ann.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    ann.fit(X, Y, epochs=6, verbose=0)
    ann.save(folder / "cnn.keras")
    np.savez(folder / "train.npz", x=X, y=Y)
    np.savez(folder / "unlabelled.npz", x=X)
    np.savez(folder / "wrong.npz", x=X, y=Y + 1)
    np.savez(folder / "nan.npz", x=np.where(np.arange(6) == 2, np.nan, X))
    return folder


def given(files, *more, data="train.npz", output="q.keras", epochs=3):
    fast = ("--learning-rate", 0.01, "--batch-size", 12, "--epochs", epochs)
    where = ("--data", files / data, "--output", files / output)
    return ("train-quantised", files / "cnn.keras", *where, *fast, *more)


@pytest.mark.slow
def test_a_better_network_is_written_and_converts_without_loss(files):
    more = ("--levels", 1, "--validation", files / "train.npz", "--json")
    said = json.loads(succeed(*given(files, *more)))
    assert said["improved"] and said["loss"] == "labels and teacher"
    assert said["after"] > said["before"] + 0.02 and said["held_out"] == 200
    assert said["ann"] > 0.7 and said["conversions"][0] == ["radix", 1]
    assert [*files.glob("*checkpoint*")] == []
    model = tfsnn.load_model(files / "q.keras")
    right = model.predict(X, verbose=0).argmax(1) == Y
    assert right.mean() == pytest.approx(said["after"])
    snn = tfsnn.convert(model, X, "qcfs", timesteps=1)
    assert (np.argmax(snn(X), 1) == Y).mean() == pytest.approx(said["after"])
    again = run(*given(files))
    assert again.exit_code == 1 and "exists already" in again.output


@pytest.mark.slow
def test_without_labels_it_learns_from_the_model(files):
    more = ("--levels", 1, "--per-channel")
    found = succeed(*given(files, *more, data="unlabelled.npz", output="u.keras"))
    assert "by teacher" in found and "agreement with the ANN" in found
    assert "12 thresholds" in found and "convert with --method radix" in found


@pytest.mark.slow
def test_ctrl_c_writes_the_best_and_the_same_command_continues(files, monkeypatch):
    more = ("--levels", 1, "--overwrite", "--json")
    whole = json.loads(succeed(*given(files, *more, output="whole.keras")))

    @contextlib.contextmanager
    def interrupting():
        def watch(position):
            if position.step == 20:
                raise KeyboardInterrupt

        yield watch

    with monkeypatch.context() as patch:
        patch.setattr(train_quantised, "training", interrupting)
        stopped = run(*given(files, *more, output="part.keras"))
    assert stopped.exit_code == learning.INTERRUPTED
    assert json.loads(stopped.stdout)["stopped"] == "interrupted at step 20 of 45"
    assert (files / "part.keras").exists()
    part = json.loads(succeed(*given(files, *more, output="part.keras")))
    assert part["scores"] == whole["scores"]


def test_a_rate_that_makes_nan_stops_and_keeps_the_weights(files):
    more = ("--learning-rate", 1e38, "--json")
    said = json.loads(succeed(*given(files, *more, output="nan.keras", epochs=1)))
    assert "became NaN or infinite at step" in said["stopped"]
    assert not said["improved"] and said["after"] == said["before"] > 0.5


@pytest.mark.parametrize(
    ("more", "data", "code", "message"),
    [
        ((), "wrong.npz", 1, "label 3, which is out of range"),
        ((), "nan.npz", 1, "NaN"),
        (("--augment", "flip"), "train.npz", 2, "changes pictures"),
        (("--levels", 0), "train.npz", 2, "levels"),
        (("--learning-rate", 0), "train.npz", 2, "learning-rate"),
    ],
)
def test_what_cannot_be_is_one_error_and_no_file(files, more, data, code, message):
    found = run(*given(files, *more, data=data, output="refused.keras"))
    assert found.exit_code == code and message in found.output
    assert not (files / "refused.keras").exists() and "Traceback" not in found.output


def test_the_model_itself_is_not_written_over(files):
    found = run(*given(files, "--overwrite", output="cnn.keras"))
    assert found.exit_code == 2 and "is MODEL itself" in found.output
