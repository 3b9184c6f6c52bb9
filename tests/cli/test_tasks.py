"""The option --task, and what commands print of numbers and of several outputs."""

import json

import keras
import models
import numpy as np
import pytest
from command_line import run, succeed
from keras import layers

import tfsnn


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network with a number and a class, and data with labels of both."""
    place = tmp_path_factory.mktemp("tasks")
    x = keras.Input((6,))
    a = layers.Dense(16, activation="relu")(x)
    heads = {"size": layers.Dense(1)(a), "kind": layers.Dense(3, "softmax")(a)}
    model = models.randomise(keras.Model(x, heads))
    data = models.samples(model, 200)
    values = {name: np.asarray(y) for name, y in model(data).items()}
    labels = {"y_size": values["size"][:, 0], "y_kind": values["kind"].argmax(-1)}
    np.savez(place / "data.npz", x=data, **labels)
    model.save(place / "ann.keras")
    return place


@pytest.fixture(scope="module")
def converted(folder):
    printed = succeed(
        *("convert", folder / "ann.keras", "--calibration", folder / "data.npz"),
        *("--output", folder / "snn.keras", "--report", folder / "report.json"),
        *("--timesteps", 16),
    )
    return printed, json.loads((folder / "report.json").read_text())


def test_convert_says_how_near_it_came(converted, folder):
    printed, report = converted
    assert report["tasks"] == {"size": "regression", "kind": "classification"}
    assert report["samples"] == 180 and report["check"]["samples"] == 20
    assert "On 20 samples held back from calibration:" in printed
    assert "size (regression): outputs off by " in printed
    assert "kind (classification): the model's decision in " in printed
    assert "energy " in printed and report["check"]["energy_ratio"] > 0


def test_evaluate_judges_each_output(converted, folder):
    arguments = ("evaluate", folder / "snn.keras", "--data", folder / "data.npz")
    arguments = (*arguments, "--ann", folder / "ann.keras", "--timesteps", 16)
    found = json.loads(succeed(*arguments, "--json"))
    assert (found["task"], found["metric"]) == ("regression", "r2")
    assert found["ann_score"] == pytest.approx(1)
    assert "agreement" not in found["rows"][0]
    size, kind = found["outputs"]
    assert size["rows"][0]["score"] == found["rows"][0]["score"] > 0.95
    assert kind["rows"][0]["accuracy"] == kind["rows"][0]["agreement"] > 0.9
    text = succeed(*arguments)
    assert "output size, regression:" in text and "output kind, classification:" in text
    other = json.loads(succeed(*arguments, "--json", "--task", "size=regression"))
    assert other == found


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (("--task", "numbers"), "task='numbers'; expected one of embedding, binary"),
        (("--task", "sise=regression"), "'sise': the network's outputs are size, kind"),
        (("--task", "regression", "--task", "kind=binary"), "OUTPUT=TASK for each"),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "diagnose"])
def test_tasks_that_cannot_be_are_refused(converted, folder, command, tasks, message):
    ann = ("--ann", folder / "ann.keras")
    data = ("--data", folder / "data.npz")
    result = run(command, folder / "snn.keras", *data, *ann, *tasks)
    assert result.exit_code == 2 and message in result.stderr, result.output


def test_labels_of_another_task_are_refused_with_a_way_out(converted, folder):
    data = np.load(folder / "data.npz")
    np.savez(folder / "wrong.npz", x=data["x"], y_kind=data["x"][:, :2])
    arguments = ("evaluate", folder / "snn.keras", "--data", folder / "wrong.npz")
    result = run(*arguments)
    assert result.exit_code == 1
    assert "is of shape (N, 2) and type float32" in result.stderr
    assert "or leave y out where no labels are needed" in result.stderr


@pytest.mark.slow
def test_predict_decides_by_the_task(converted, folder, tmp_path):
    arguments = ("predict", folder / "snn.keras", "--data", folder / "data.npz")
    found = json.loads(succeed(*arguments, "--output", tmp_path / "a", "--json"))
    with np.load(next((tmp_path / "a").glob("shard-*.npz"))) as shard:
        assert {"outputs_size", "outputs_kind", "label_size", "label_kind"} < {*shard}
        assert "top" not in shard  # the first output is a number
    scores = {each["output"]: each["scores"] for each in found["totals"]["outputs"]}
    evaluated = tfsnn.evaluate(
        tfsnn.load_model(folder / "snn.keras"), str(folder / "data.npz")
    )
    for each in evaluated.outputs:
        assert scores[each.output] == pytest.approx(each.figures[-1].scores, rel=1e-4)
    assert "r2 0.9" in succeed(*arguments, "--output", tmp_path / "b")
