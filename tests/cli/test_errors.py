"""Bad input: one clear message on standard error, and the right exit code."""

import keras
import models
import numpy as np
import pytest
from command_line import run
from keras import layers

import tfsnn


def fail(code, message, *arguments):
    """Run, and expect this exit code and one message that holds all these words."""
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert sum(line.startswith("Error: ") for line in lines) == 1
    assert "Traceback" not in result.stderr
    assert "bug in tfsnn" not in result.stderr
    for part in [message] if isinstance(message, str) else message:
        assert part in result.stderr
    return result


@keras.saving.register_keras_serializable("cli_tests")
class Doubling(layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def saved(path, *stack, shape=(6,)):
    models.randomise(keras.Sequential([keras.Input(shape), *stack])).save(path)
    return path


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(
        path, x=np.random.default_rng(0).random((20, 6), np.float32), y=[0, 1] * 10
    )
    return path


@pytest.fixture
def model(tmp_path):
    return saved(tmp_path / "m.keras", layers.Dense(4, "relu"), layers.Dense(2))


@pytest.fixture
def converting(tmp_path, model, data):
    """Arguments that work, with others in their place; nothing may be written."""
    output = tmp_path / "snn.keras"

    def arguments(*more, model=model, data=data, output=output):
        return ("convert", model, "--calibration", data, "--output", output, *more)

    yield arguments
    assert not output.exists()
    assert not list(tmp_path.glob(".*"))


def test_a_model_that_does_not_exist(converting, tmp_path):
    missing = tmp_path / "missing.keras"
    fail(1, f"{missing}: does not exist", *converting(model=missing))
    fail(1, f"{missing}: does not exist", "inspect", missing, "--json")
    fail(1, f"{missing}: does not exist", "evaluate", missing, "--data", "x.npz")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_model(converting, model, share):
    content = model.read_bytes()
    model.write_bytes(content[: int(share * len(content))])
    fail(1, ("m.keras", "only part of one", "save it again"), *converting())


@pytest.mark.filterwarnings("ignore")
def test_a_truncated_h5_model(converting, model):
    old = model.with_suffix(".h5")
    keras.saving.load_model(model).save(old)
    content = old.read_bytes()
    old.write_bytes(content[: len(content) // 2])
    fail(1, ("m.h5", "cannot be read"), *converting(model=old))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_text_file_renamed(converting, tmp_path, suffix):
    path = tmp_path / f"notes{suffix}"
    path.write_text("not a model\n" * 50)
    fail(1, str(path), *converting(model=path))


def test_another_kind_of_file(converting, tmp_path):
    path = tmp_path / "model.onnx"
    path.touch()
    fail(1, ("model.onnx", "is a model of ONNX", "onnx2tf"), *converting(model=path))
    path = tmp_path / "model.xyz"
    path.write_bytes(b"nothing known")
    fail(1, ("model.xyz", ".keras", "SavedModel", ".xyz"), *converting(model=path))


def test_a_lambda_is_not_executed(converting, tmp_path):
    marker = tmp_path / "executed"

    def write(x, path=str(marker)):
        open(path, "w").close()
        return x

    path = saved(tmp_path / "code.keras", layers.Lambda(write), layers.Dense(2))
    marker.unlink()  # building the model ran it, here
    for arguments in (
        converting(model=path),
        ("inspect", path),
        ("evaluate", path, "--data", "x.npz"),
    ):
        fail(1, ("Lambda", "never runs code from a file"), *arguments)
    assert not marker.exists()


def test_a_custom_layer_without_a_handler(converting, tmp_path):
    path = saved(tmp_path / "own.keras", Doubling(name="twice"), layers.Dense(2))
    message = ("twice (Doubling): no handler", "@tfsnn.handles")
    fail(1, message, *converting(model=path))


def test_a_custom_layer_that_is_not_registered(converting, tmp_path):
    class Own(layers.Layer):
        pass

    path = saved(tmp_path / "own.keras", Own(), layers.Dense(2))
    fail(1, ("'Own'", "register_keras_serializable"), *converting(model=path))


def test_strict_refuses_running_sums(converting, tmp_path):
    path = saved(
        tmp_path / "gelu.keras",
        layers.Dense(4, "gelu", name="one"),
        layers.Dense(4, "swish", name="two"),
        layers.Dense(2),
    )
    words = ("one (Dense)", "two (Dense)", "running-sum", "use ReLU")
    fail(1, words, *converting("--strict", model=path))


def test_a_layer_that_never_activates(converting, tmp_path):
    path = saved(tmp_path / "dead.keras", layers.Dense(4, "relu", name="dead"))
    dead = keras.saving.load_model(path)
    dead.get_layer("dead").bias.assign(np.full(4, -1000.0))
    dead.save(path)
    fail(1, "no neuron of dead was ever active in 20", *converting(model=path))


def test_calibration_data_that_is_all_zero(converting, tmp_path, data):
    path = saved(
        tmp_path / "m.keras", layers.Dense(4, "relu", use_bias=False), layers.Dense(2)
    )
    np.savez(data, x=np.zeros((8, 6), np.float32))
    fail(1, "was ever active in 8 calibration samples", *converting(model=path))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((4, 7), np.float32), ("(4, 7)", "(N, 6)")),
        (np.zeros((0, 6), np.float32), "no samples"),
        (np.full((4, 6), np.nan, np.float32), "NaN"),
        (np.full((4, 6), np.inf), "Inf"),
        (np.zeros((4, 6), np.int64), "int64"),
    ],
    ids=["shape", "empty", "nan", "inf", "type"],
)
def test_bad_calibration_data(converting, data, x, message):
    np.savez(data, x=x)
    fail(1, message, *converting())


def test_data_that_is_not_there(converting, tmp_path):
    fail(1, "missing.npz", *converting(data=tmp_path / "missing.npz"))
    fail(1, "There is no file or folder", *converting(data="nowhere"))
    fail(2, "Data cannot be opened from 'data.csv'", *converting(data="data.csv"))


@pytest.fixture
def snn(tmp_path, converting, data):
    path = tmp_path / "converted.keras"
    assert run(*converting(output=path)).exit_code == 0
    return path


def test_labels_out_of_range(snn, tmp_path):
    path = tmp_path / "labels.npz"
    np.savez(path, x=np.ones((4, 6), np.float32), y=[0, 1, 2, 1])
    fail(1, ("label 2", "2 classes"), "evaluate", snn, "--data", path)
    np.savez(path, x=np.ones((4, 6), np.float32), y=[0, 1, -1, 1])
    fail(1, "-1", "evaluate", snn, "--data", path)


def test_models_in_each_others_place(converting, model, snn, data):
    message = ("m.keras: is a Sequential, not a spiking network", "tfsnn convert")
    fail(1, message, "evaluate", model, "--data", data)
    fail(1, message, "verify", model, model, "--data", data)
    fail(1, "is a spiking network already", *converting(model=snn))
    fail(1, "is a spiking network already", "inspect", snn)


def test_an_ann_of_another_input(snn, tmp_path, data):
    other = saved(tmp_path / "other.keras", layers.Dense(2), shape=(5,))
    fail(1, "(5,)", "evaluate", snn, "--data", data, "--ann", other)


def test_unknown_methods_and_options(converting):
    known = ", ".join(tfsnn.methods.methods())
    fail(2, ("'augmaping'", known), *converting("--method", "augmaping"))
    fail(2, ("'nope'", known), "methods", "nope")
    message = ("'leves'", "levels", "percentile", "did you mean 'levels'?")
    fail(2, message, *converting("-o", "leves", 3))
    fail(2, ("scale='median'", "mse"), *converting("-o", "scale", "median"))
    fail(2, "levels='many'", *converting("-o", "levels", "many"))
    fail(2, "levels=0", *converting("-o", "levels", 0))
    fail(2, "timesteps=0", *converting("-o", "timesteps", 0))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--timesteps", 0), "0 is not in the range"),
        (("--timesteps", "x"), "'x' is not a valid integer"),
        (("--timesteps", 4, "-o", "timesteps", 4), "not both"),
        (("-o", "batch_size", 0), "batch_size: 0 is not in the range"),
        (("-o", "limit", 0), "limit: 0 is not in the range"),
        (("-o", "seed", -1), "seed: -1 is not in the range"),
        (("-o", "precision", "int7"), "precision: 'int7' is not one of"),
        (("-o", "scales", "row"), "scales: 'row' is not one of"),
        (("-o", "scales", "layer"), "scales is a setting of integers"),
        (("-o", "potential_bits", 40), "potential_bits: 40 is not in the range"),
        (("--method", "auto"), "tfsnn choose finds the cheapest"),
        (("--report", "report.txt"), "does not end in .json"),
        (("-o", "levels"), "requires 2 arguments"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_usage(converting, more, message):
    fail(2, message, *converting(*more))


@pytest.mark.parametrize("steps", ["0,1", "1;2", "", "1,-2", "1,,2"])
def test_usage_of_evaluate(steps):
    arguments = ("evaluate", "snn.keras", "--data", "x.npz", "--timesteps", steps)
    fail(2, "is not a list of numbers from 1 up", *arguments)


def test_a_missing_argument(model):
    fail(2, "--calibration", "convert", model, "--output", "s.keras")
    fail(2, "'SNN'", "evaluate", "--data", "x.npz")
    fail(2, "No such command 'covert'", "covert")


def test_an_output_that_cannot_be_written(converting, tmp_path, model):
    nowhere = tmp_path / "nowhere" / "snn.keras"
    fail(1, ("no folder", "nowhere"), *converting(output=nowhere))
    folder = tmp_path / "folder.keras"
    folder.mkdir()
    fail(1, "is a folder", *converting(output=folder))
    fail(2, "does not end in .keras", *converting(output=tmp_path / "snn.h5"))
    report = tmp_path / "nowhere" / "report.json"
    fail(1, "no folder", *converting("--report", report))
    content = model.read_bytes()
    fail(2, "MODEL itself", *converting("--overwrite", output=model))
    assert model.read_bytes() == content


def test_the_output_is_checked_before_any_work(converting, tmp_path, model):
    model.unlink()
    existing = tmp_path / "old.keras"
    existing.touch()
    fail(1, "old.keras exists already", *converting(output=existing))


def test_debug_shows_the_traceback(tmp_path):
    result = run("--debug", "inspect", tmp_path / "missing.keras")
    assert result.exit_code == 1
    assert "Traceback (most recent call last)" in result.stderr
    assert "tfsnn.errors.ModelError" in result.stderr
    assert result.stderr.splitlines()[-1].endswith("does not exist")


def test_a_bug_is_named_as_one(converting, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr(tfsnn, "convert", broken)
    result = run(*converting())
    assert result.exit_code == 1
    assert "Error: ZeroDivisionError: first line\n" in result.stderr
    assert "bug in tfsnn" in result.stderr and "--debug" in result.stderr
    assert "second" not in result.stderr and "Traceback" not in result.stderr
    assert "in broken" in run("--debug", *converting()).stderr


def test_an_interrupt_while_writing(converting, monkeypatch):
    def interrupted(model, path):
        path.write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(tfsnn.SpikingModel, "save", interrupted)
    result = run(*converting())
    assert result.exit_code == 1 and result.stderr.endswith("Aborted!\n")
