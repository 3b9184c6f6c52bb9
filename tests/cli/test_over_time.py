"""Options of data over time: what the command hands on, and what it refuses."""

from fractions import Fraction

import keras
import models
import numpy as np
import pytest
from command_line import run
from event_samples import SENSOR, by_time, counted, recording
from samples import collect, npz

import tfsnn

SHAPE = (*SENSOR, 2)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.Dense(2),
        ]
    )
    samples = models.samples(models.randomise(model), 8)
    tfsnn.convert(model, samples, "termapping", timesteps=4).save(folder / "snn.keras")
    npz(folder / "events.npz", **recording(0, 64), labels=[1])
    return folder


@pytest.fixture
def evaluated(monkeypatch):
    """The data that the command evaluates, and how."""
    seen = {}

    def evaluate(network, data, **settings):
        seen.update(settings, data=data)
        raise tfsnn.DataError("enough is seen")

    monkeypatch.setattr(tfsnn, "evaluate", evaluate)
    return seen


def evaluate(work, *options):
    return run(*("evaluate", work / "snn.keras", "--data"), *options)


def test_frames_of_a_length_of_time(work, evaluated):
    evaluate(work, work / "events.npz", "--over-time", "--step-ms", "5")
    x, y = collect(evaluated["data"])
    expected = by_time(recording(0, 64), SHAPE, Fraction(5000))
    np.testing.assert_array_equal(x, expected[None])
    assert y.tolist() == [1] and evaluated["over_time"] is True


def test_rare_settings(work, evaluated, tmp_path):
    rare = ("--event-window", 8, "-o", "sensor", "8,15")
    wide = recording(1, 64, (8, 15))
    path = npz(tmp_path / "wide.npz", **wide)
    evaluate(work, path, "--over-time", "--frames", 7, *rare)
    small = {**wide, "x": wide["x"] // 3, "y": wide["y"] // 2}
    x, _ = collect(evaluated["data"])
    expected = counted(small, SHAPE, lambda i, _: i // 8)[:7]
    np.testing.assert_array_equal(x, expected[None])
    one = ("--step-ms", "0.01", "-o", "time_unit", "ns", "--frames", 2)
    evaluate(work, work / "events.npz", "--over-time", *one)
    x, _ = collect(evaluated["data"])
    expected = by_time(recording(0, 64), SHAPE, Fraction(10_000))[:2]
    np.testing.assert_array_equal(x, expected[None])


def test_samples_that_do_not_change_are_read_as_before(work, evaluated, tmp_path):
    path = npz(tmp_path / "still.npz", x=np.ones((3, *SHAPE)))
    evaluate(work, path)
    assert collect(evaluated["data"])[0].sum() == 3 * 40
    assert not evaluated.get("over_time") and not evaluated["data"].over_time


@pytest.mark.parametrize(
    "options, code, message",
    [
        (["--step-ms", "5"], 2, "step_ms given for samples that do not change"),
        (["-o", "time_unit", "s", "--frames", 3], 2, "frames, time_unit given for"),
        (["--over-time"], 2, "several ways to make frames of them: give step_ms"),
        (["--over-time", "--step-ms", "0"], 2, "--step-ms"),
        (["--over-time", "--step-ms", "5", "--event-window", "2"], 2, "one of"),
        (["--over-time", "--step-ms", "5", "--frames", "99"], 1, "shorter than the 99"),
        (["--over-time", "--step-ms", "5", "-o", "sensor", "8"], 2, "must be two"),
        (
            ["--over-time", "--step-ms", "5", "-o", "time_unit", "h"],
            2,
            "time_unit: 'h'",
        ),
    ],
)
def test_options_that_do_not_fit(work, options, code, message, monkeypatch):
    def evaluate_all(network, data, **settings):
        collect(data)

    monkeypatch.setattr(tfsnn, "evaluate", evaluate_all)
    result = evaluate(work, work / "events.npz", *options)
    assert result.exit_code == code and message in result.stderr, result.output
