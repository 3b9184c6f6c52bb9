"""The commands, as a user runs them, on a tiny network."""

import json
import xml.etree.ElementTree as ET

import keras
import models
import numpy as np
import pytest
from command_line import EVERY, fill, run, succeed

import tfsnn
from tfsnn.conversion.settings import RESERVED
from tfsnn_cli import convert, demo
from tfsnn_cli.main import cli
from tfsnn_cli.rare import RareOption


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with a model, data with the model's own labels, and the SNN of both."""
    folder = fill(tmp_path_factory.mktemp("work"), models.cnn, 64)
    report = succeed(
        *("convert", folder / "model.keras", "--calibration", folder / "data.npz"),
        *("-o", "levels", "7", "-o", "per", "layer", "--timesteps", 8),
        *("--output", folder / "snn.keras", "--report", folder / "report.json"),
    )
    (folder / "report.txt").write_text(report)
    return folder


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_help_has_an_example(words):
    example = succeed(*words, "--help").split("Example:")[1]
    assert f"tfsnn {' '.join(words)} " in example + " "


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_command_has_at_most_15_parameters(words):
    """Rare settings are given as -o KEY VALUE, so that the help stays short."""
    found = cli
    for word in words:
        found = found.get_command(None, word)
    assert len(found.params) <= 15


@pytest.mark.parametrize("name", tfsnn.methods.methods())
def test_no_option_of_a_method_is_hidden_by_a_rare_setting(name):
    (option,) = (p for p in convert.command.params if isinstance(p, RareOption))
    assert set(option.rare) == {
        *("seed", "batch_size", "precision", "holdout", "limit", "over_time"),
        *("scales", "potential_bits", "raw"),
        "energy",
    }
    options = tfsnn.methods.options(tfsnn.methods.methods()[name])
    assert not {each["name"] for each in options} & {*option.rare, *RESERVED}


def test_version():
    assert succeed("--version") == f"tfsnn {tfsnn.__version__}\n"


def test_convert_writes_the_model_and_its_report(work):
    printed = (work / "report.txt").read_text()
    method, chosen = printed.splitlines()[0].split(" (", 1)
    assert method == "augmapping" and chosen.endswith("), 64 calibration samples")
    assert {"timesteps=8", "levels=7", "per=layer"} < set(
        chosen.split(")")[0].split(", ")
    )
    report = json.loads((work / "report.json").read_text())
    assert report["options"]["per"] == "layer" and report["samples"] == 64
    snn = tfsnn.load_model(work / "snn.keras")
    assert isinstance(snn, tfsnn.SpikingModel) and snn.timesteps == 8
    few = "Too few samples to hold some back and try the network on them."
    assert printed == f"{snn.report}\n{few}\n"
    assert report["check"] is None


def test_convert_gives_what_the_library_gives(work):
    ann = tfsnn.load_model(work / "model.keras")
    expected = tfsnn.convert(
        ann, str(work / "data.npz"), levels=7, per="layer", timesteps=8
    )
    x = np.load(work / "data.npz")["x"]
    found = tfsnn.load_model(work / "snn.keras")
    np.testing.assert_array_equal(found(x), expected(x))


def test_convert_honours_limit_and_raw(work, tmp_path):
    pixels = np.full((6, 6, 6, 2), 255, np.uint8)
    np.savez(tmp_path / "pixels.npz", x=pixels)
    scales = {}
    for name, more in {"scaled": (), "raw": ("-o", "raw", "true")}.items():
        report = tmp_path / f"{name}.json"
        succeed(
            *(
                "convert",
                work / "model.keras",
                "--calibration",
                tmp_path / "pixels.npz",
            ),
            *("--output", tmp_path / f"{name}.keras", "--report", report),
            *("-o", "limit", 3, *more),
        )
        content = json.loads(report.read_text())
        assert content["samples"] == 3
        scales[name] = content["populations"][0]["scale_max"]
    assert scales["raw"] > 50 * scales["scaled"]


def test_rare_settings_reach_the_conversion(work, tmp_path):
    output = tmp_path / "snn.keras"
    report = succeed(
        *("convert", work / "model.keras", "--calibration", work / "data.npz"),
        *("--method", "termapping", "--output", output, "-o", "precision", "bfloat16"),
        *("-o", "seed", 5, "-o", "batch_size", 7, "-o", "timesteps", 3),
        *("-o", "holdout", 0),
    )
    expected = tfsnn.convert(
        *(tfsnn.load_model(work / "model.keras"), str(work / "data.npz")),
        method="termapping",
        precision="bfloat16",
        seed=5,
        batch_size=7,
        timesteps=3,
    )
    assert report.startswith(f"{expected.report}\n")
    x = np.load(work / "data.npz")["x"]
    np.testing.assert_array_equal(tfsnn.load_model(output)(x), expected(x))


def test_overwrite_replaces(work, tmp_path):
    output = tmp_path / "snn.keras"
    output.write_text("old")
    arguments = (
        *("convert", work / "model.keras", "--calibration", work / "data.npz"),
        *("--output", output),
    )
    refused = run(*arguments)
    assert refused.exit_code == 1 and "--overwrite" in refused.stderr
    assert output.read_text() == "old"
    succeed(*arguments, "--overwrite")
    assert isinstance(tfsnn.load_model(output), tfsnn.SpikingModel)


def test_evaluate_prints_the_documented_json(work):
    printed = succeed(
        *("evaluate", work / "snn.keras", "--data", work / "data.npz"),
        *("--ann", work / "model.keras", "--timesteps", "4,1,64", "--json"),
        *("--limit", 40, "-o", "batch_size", 16),
    )
    found = json.loads(printed)
    assert list(found) == [
        *("samples", "task", "metric", "ann_score", "ann_accuracy", "rows", "energy"),
        *("energies", "notes"),
    ]
    assert found["energy"]["name"] == "45nm-float32"
    assert found["samples"] == 40 and found["ann_accuracy"] == 1
    assert [row["timesteps"] for row in found["rows"]] == [1, 4, 64]
    for row in found["rows"]:
        assert list(row) == [
            "timesteps",
            "latency",
            "score",
            "agreement",
            "output_error",
            "accuracy",
            "spikes",
            "coefficients",
            "synops",
            "synops_events",
            "energy_ratio",
            "energy_ratio_events",
            "scores",
        ]
        assert row["accuracy"] == row["agreement"]  # the labels are the model's own
        assert row["coefficients"] >= row["spikes"] > 0
    assert found["rows"][-1]["accuracy"] > 0.9


def test_evaluate_prints_a_table_and_plots(work, tmp_path):
    plot = tmp_path / "accuracy.svg"
    arguments = (
        *("evaluate", work / "snn.keras", "--data", work / "data.npz"),
        *("--plot", plot),
    )
    lines = succeed(*arguments).splitlines()
    assert lines[0].split()[0] == "timesteps" and "accuracy" in lines[0]
    assert [line.split()[0] for line in lines[2:6]] == ["1", "2", "4", "8"]
    assert lines[-4].startswith("64 samples")
    assert lines[-3].endswith("0.9 pJ for each accumulate (AC), 45nm-float32")
    assert lines[-2].startswith("energy ratio by other models, T = 8: 45nm-float16 ")
    assert "energy than the ANN by" in lines[-1]
    texts = {text.text for text in ET.fromstring(plot.read_text()).iter() if text.text}
    assert {"Accuracy", "1", "2", "4", "8"} <= texts
    assert any(text.endswith(", augmapping") for text in texts)
    assert run(*arguments).exit_code == 1
    succeed(*arguments, "--overwrite")


def test_a_plot_needs_labels_or_the_model(work, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 6, 6, 2), np.float32))
    arguments = ("evaluate", work / "snn.keras", "--data", tmp_path / "x.npz")
    assert json.loads(succeed(*arguments, "--json"))["rows"][0]["accuracy"] is None
    result = run(*arguments, "--plot", tmp_path / "a.svg")
    assert result.exit_code == 1 and "labels" in result.stderr
    assert not (tmp_path / "a.svg").exists()
    succeed(*arguments, "--ann", work / "model.keras", "--plot", tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "Agreement with the ANN (%)" in text and "Accuracy" not in text


@pytest.mark.parametrize(
    "command", ["evaluate", "convert", "compare", "choose", "demo", "report"]
)
def test_an_unknown_energy_profile_is_refused_before_anything_else(command):
    """Of the files none exists: they are not looked for."""
    files = {
        "evaluate": ("snn.keras", "--data", "x.npz"),
        "compare": ("cnn.keras", "--data", "x.npz", "--calibration", "x.npz"),
        "choose": ("cnn.keras", "--calibration", "x.npz", "--output", "snn.keras"),
        "convert": ("cnn.keras", "--calibration", "x.npz", "--output", "snn.keras"),
        "report": (
            *("snn.keras", "--ann", "cnn.keras", "--data", "x.npz"),
            *("--output", "report.html"),
        ),
    }
    given = ("--energy", "7nm") if command == "demo" else ("-o", "energy", "7nm")
    result = run(command, *files.get(command, ()), *given)
    assert result.exit_code == 2
    names = ", ".join(tfsnn.energy.profiles())
    assert f"no energy profile '7nm'; there are {names}" in result.stderr


def test_evaluate_takes_the_energy_profile(work):
    arguments = ("evaluate", work / "snn.keras", "--data", work / "data.npz", "--json")
    found = json.loads(
        succeed(*arguments, "-o", "energy", "45nm-int8", "--timesteps", 2)
    )
    snn = tfsnn.load_model(work / "snn.keras")
    expected = tfsnn.evaluate(
        snn, str(work / "data.npz"), timesteps=[2], energy="45nm-int8"
    )
    assert found == json.loads(json.dumps(expected.to_dict()))
    assert found["energy"]["ac_picojoules"] == 0.03


def test_evaluate_states_the_energy_model():
    text = " ".join(succeed("evaluate", "--help").split())
    for stated in (
        f"{tfsnn.energy.DEFAULT.mac_picojoules} pJ for each multiply-accumulate (MAC)",
        f"{tfsnn.energy.DEFAULT.ac_picojoules} pJ for each accumulate (AC)",
        "45 nm (Horowitz, ISSCC 2014)",
        "the analog input (the first layer) cost MACs",
        'coefficient c is one event in "spikes" and |c| in "coefficients"',
        '"energy_ratio"',
        '"energy_ratio_events"',
    ):
        assert stated in text


def test_verify(work):
    arguments = (
        *("verify", work / "model.keras", work / "snn.keras"),
        *("--data", work / "data.npz"),
    )
    assert "T=8: same decision in" in succeed(*arguments)
    found = json.loads(succeed(*arguments, "--timesteps", 64, "--json"))
    assert found["timesteps"] == 64 and found["samples"] == 64
    assert max(layer["relative_error"] for layer in found["layers"]) < 0.2


def test_a_model_of_several_outputs_converted_in_python(tmp_path):
    model = models.randomise(models.outputs())
    x = models.samples(model, 16)
    tfsnn.convert(model, x, timesteps=64).save(tmp_path / "snn.keras")
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x=x, y=model.predict(x, verbose=0)[0].argmax(-1))
    found = succeed(
        *("verify", tmp_path / "model.keras", tmp_path / "snn.keras"),
        *("--data", tmp_path / "data.npz", "--json"),
    )
    assert json.loads(found)["agreement"] > 0.9
    found = succeed(
        *("evaluate", tmp_path / "snn.keras", "--ann", tmp_path / "model.keras"),
        *("--data", tmp_path / "data.npz", "--json", "--timesteps", 64),
    )
    assert json.loads(found)["ann_accuracy"] == 1
    assert json.loads(found)["rows"][0]["accuracy"] > 0.9


def test_verify_refuses_another_model(work, tmp_path):
    models.randomise(models.average()).save(tmp_path / "other.keras")
    result = run(
        *("verify", tmp_path / "other.keras", work / "snn.keras"),
        *("--data", work / "data.npz"),
    )
    assert result.exit_code == 1 and "was not converted from" in result.stderr


def test_methods_lists_all():
    printed = succeed("methods")
    listed = json.loads(succeed("methods", "--json"))
    assert [about["name"] for about in listed] == list(tfsnn.methods.methods())
    for about in listed:
        assert about["name"] in printed and about["summary"] in printed


@pytest.mark.parametrize("name", tfsnn.methods.methods())
def test_methods_shows_every_option(name):
    printed = succeed("methods", name)
    about = json.loads(succeed("methods", name, "--json"))
    cls = tfsnn.methods.methods()[name]
    for option, expected in zip(
        about["options"], tfsnn.methods.options(cls), strict=True
    ):
        assert option == {**expected, "choices": list(expected["choices"])}
        assert option["name"] in printed and option["meaning"] in printed
        assert ", ".join(option["choices"]) in printed
    assert about["paper"] in printed


def test_inspect(work):
    printed = succeed("inspect", work / "model.keras")
    assert "max pooling before the neurons" in printed
    assert "dense + readout with softmax head" in printed
    found = json.loads(succeed("inspect", work / "model.keras", "--json"))
    assert found["convertible"] and found["problems"] == []


def test_inspect_by_a_method(work):
    printed = succeed("inspect", work / "model.keras", "--method", "few_spikes")
    assert "by spikes" in printed.splitlines()[0] and "100.0 %" in printed
    for said, *options in (
        ("few_spikes", "--method", "few_spike"),
        ("give one of both", "--method", "radix", "--target", "mcu"),
    ):
        result = run("inspect", work / "model.keras", *options)
        assert result.exit_code == 2 and said in result.stderr


def test_inspect_names_all_that_is_not_supported(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Reshape((4, 4)),
            keras.layers.Hashing(3, name="first"),
            keras.layers.Hashing(3, name="second"),
        ]
    )
    model.save(tmp_path / "model.keras")
    result = run("inspect", tmp_path / "model.keras")
    assert result.exit_code == 1
    assert "first (Hashing): it reads" in result.stdout
    assert "second (Hashing): it reads" in result.stdout
    result = run("inspect", tmp_path / "model.keras", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1 and found["convertible"] is False
    assert [problem["layer"] for problem in found["problems"]] == ["first", "second"]


@pytest.fixture
def stand_in(work, tmp_path, monkeypatch):
    """A folder of the layout of a shipped model."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 6, 6, 2)).astype(np.uint8)
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "model.keras").write_bytes((work / "model.keras").read_bytes())
    np.savez(folder / "calibration.npz", x=pixels)
    np.savez(folder / "test.npz", x=pixels, y=np.arange(20) % 3)
    monkeypatch.setattr(demo, "shipped", lambda name: folder)
    monkeypatch.setattr(demo, "TICKS", (4, 64))  # of five
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_demo(stand_in):
    printed = succeed("demo")
    rows = [line.split(")")[0] for line in printed.splitlines()[2:4]]
    assert rows == ["ttfs (ticks=4", "ttfs (ticks=64"]
    assert "ANN accuracy" in printed
    folder = stand_in / "tfsnn-demo"
    written = {path.name for path in folder.iterdir()}
    assert written == {"accuracy.svg", "snn.keras"}
    assert ET.fromstring((folder / "accuracy.svg").read_text()) is not None
    succeed("demo")  # over its own output


def test_demo_elsewhere(stand_in):
    found = json.loads(
        succeed(
            *("demo", "--model", "mnist_cnn", "--output-dir", "a/b", "--json"),
            *("--energy", "45nm-int32"),
        )
    )
    assert found["energy"]["mac_picojoules"] == 3.2
    ticks = [row["options"]["ticks"] for row in found["rows"]]
    assert ticks == [4, 64]
    assert (stand_in / "a" / "b" / "accuracy.svg").exists()
    (stand_in / "file").touch()
    result = run("demo", "--output-dir", "file")
    assert result.exit_code == 1 and "cannot be made" in result.stderr


@pytest.mark.parametrize("name", demo.MODELS)
def test_shipped_models_are_complete(name):
    folder = demo.shipped(name)
    data = np.load(folder / "test.npz")
    assert data["x"].dtype == np.uint8 and len(data["x"]) == len(data["y"]) == 500
    assert np.load(folder / "calibration.npz")["x"].shape == (256, *data["x"].shape[1:])
    assert (folder / "model.keras").is_file()


def test_a_model_that_is_not_shipped():
    with pytest.raises(tfsnn.ModelError, match="comes without nothing"):
        demo.shipped("nothing")
