"""What settings lose, by the task of each output, and how much they may."""

import dataclasses

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.analysis.choose.losses import Limits, losses
from tfsnn.errors import CalibrationError, OptionError
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.tasks import TASKS, Figures


def judged(task, ann=None, score=None, agreement=None, error=None, output="y"):
    of_ann = Figures(score=ann)
    found = Figures(score, agreement, error, {}, None if error is None else error / 4)
    return Judged(output, task, TASKS[task].metric, of_ann, (found,))


def kinds(found):
    return [
        (loss.kind, loss.metric, pytest.approx(loss.value), loss.limit)
        for loss in found
    ]


def test_what_decides_drops_and_numbers_have_an_error():
    none = Limits()
    (drop,) = losses([judged("classification", 0.75, 0.5, 0.9, 0.2)], 100, none)
    assert kinds([drop]) == [("drop", "accuracy", 25.0, 0.5)] and not drop.fits
    (drop,) = losses([judged("places", agreement=0.995, error=0.2)], 100, none)
    assert kinds([drop]) == [("drop", "agreement", 0.5, 0.5)] and drop.fits
    (error,) = losses([judged("regression", 0.9, 0.1, error=0.0625)], 100, none)
    assert kinds([error]) == [("error", "output_error", 6.25, 5.0)] and not error.fits
    assert error.standard_error == pytest.approx(6.25 / 4)


def test_limits_that_are_given_hold_for_every_task():
    both = Limits(max_drop=2.0, max_error=10.0)
    found = losses([judged("regression", 0.75, 0.73, error=0.0625)], 100, both)
    assert kinds(found) == [
        ("drop", "r2", 2.0, 2.0),
        ("error", "output_error", 6.25, 10),
    ]
    assert all(loss.fits for loss in found)
    (drop, _) = losses([judged("image", 31.0, 29.5, error=0.0625)], 100, both)
    assert (drop.value, drop.unit) == (1.5, "dB")
    several = [
        judged("binary", agreement=0.5, error=0.3),
        judged("image", error=0.01, output="z"),
    ]
    found = losses(several, 100, both)
    assert [(loss.output, loss.kind, loss.fits) for loss in found] == [
        ("y", "drop", False),
        ("y", "error", False),
        ("z", "error", True),
    ]


def test_limits_without_a_measure_are_refused():
    with pytest.raises(OptionError, match=r"max_drop=1: no output .*\(y: regression"):
        losses([judged("regression", error=0.1)], 100, Limits(max_drop=1.0))
    with pytest.raises(OptionError, match="the ANN's outputs do not vary"):
        losses([judged("regression")], 100, Limits())


@pytest.fixture(scope="module")
def two_heads():
    """A network with a number and a class, trained by nobody, and its samples."""
    x = keras.Input((6,))
    a = layers.Dense(16, activation="relu")(x)
    heads = {"size": layers.Dense(1)(a), "kind": layers.Dense(3, "softmax")(a)}
    model = models.randomise(keras.Model(x, heads))
    return model, models.samples(model, 200)


ARGUMENTS = {"timesteps": [1, 8], "methods": ["augmapping"]}


@pytest.mark.slow
def test_all_outputs_have_to_stay_within_the_limits(two_heads):
    model, x = two_heads
    found = tfsnn.choose(model, x, max_error=3.0, max_drop=1.0, **ARGUMENTS)
    tasks = {output.output: output.task for output in found.outputs}
    assert tasks == {"size": "regression", "kind": "classification"}
    limits = {("size", "error"), ("kind", "drop"), ("kind", "error")}
    assert {(loss.output, loss.kind) for loss in found.best.losses} == limits
    assert found.best.fits and found.best.spikes > 0
    costs = [row.cost("energy") for row in found.tried if row.fits]
    assert found.best.cost("energy") == min(costs)
    assert any(not row.fits for row in found.tried)
    expected = tfsnn.evaluate(found.snn, x, ann=model).outputs[0].figures[-1]
    assert expected.output_error < 0.05
    assert "an error of 3 % of the standard deviation" in str(found)


def test_a_regression_is_not_said_to_agree(two_heads):
    model, x = two_heads
    alone = keras.Model(model.inputs, model.output["size"])
    with pytest.raises(CalibrationError) as caught:
        tfsnn.choose(alone, x, timesteps=[1], methods=["data_norm"], alphabet="binary")
    message = str(caught.value)
    assert "within an error of 5 % of the standard deviation" in message
    assert "(--max-error, max_error=...)" in message and "agreement" not in message


def test_a_network_in_which_nothing_spikes_is_not_chosen():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    x = models.samples(models.randomise(model), 60)
    with pytest.raises(CalibrationError, match="nothing spikes, it is the ANN"):
        tfsnn.choose(model, x, timesteps=[1], methods=["augmapping"])


def test_a_choice_of_a_regression_dumps_what_it_has(two_heads):
    model, x = two_heads
    alone = keras.Model(model.inputs, model.output["size"])
    y = np.asarray(alone(x))
    found = tfsnn.choose(
        alone, (x, y), timesteps=[32], methods=["augmapping"], precision="float32"
    ).to_dict()
    assert (found["task"], found["metric"], found["ann_score"]) == (
        "regression",
        "r2",
        pytest.approx(1),
    )
    assert "ann_accuracy" not in found and "agreement" not in found["best"]
    assert found["best"]["score"] > 0.99 and found["best"]["output_error"] < 0.05
    assert dataclasses.asdict(Limits()).items() <= found.items()
