"""One calibration for many conversions gives what the data itself gives."""

import dataclasses
from pathlib import Path

import keras
import models
import numpy as np
import pytest

import tfsnn
from tfsnn.conversion import methods
from tfsnn.errors import DataError, ModelError, OptionError, UnsupportedError

SETTINGS = {"seed": 3, "batch_size": 16, "limit": 50}


@pytest.fixture(scope="module")
def work():
    model = models.randomise(models.cnn())
    return model, np.abs(models.samples(model, 60))


@pytest.fixture(scope="module")
def known(work):
    """One calibration, for all tests of this module."""
    return tfsnn.calibration(*work, **SETTINGS)


class Sweeps:
    """A progress bar that counts what passes, by label."""

    def __init__(self):
        self.passed = {}

    def __call__(self, things, total, label):
        for thing in things:
            self.passed[label] = self.passed.get(label, 0) + 1
            yield thing


def assert_same(one, other):
    assert one.report == other.report
    weights = zip(one.get_weights(), other.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in weights)


def options_of(name):
    """Corrections on fewer samples than were drawn, where there are corrections."""
    known = {spec.name for spec in dataclasses.fields(methods.methods()[name])}
    wanted = {"timesteps": 3, "correct": "weights+bias+potential"}
    wanted |= {"correct_samples": 20, "scale": "max", "per": "channel"}
    return {key: value for key, value in wanted.items() if key in known}


@pytest.mark.slow
@pytest.mark.parametrize("name", methods.methods())
def test_every_method_gives_the_same_bit_for_bit(name, work, known):
    options = options_of(name)
    from_data = tfsnn.convert(*work, name, **SETTINGS, **options)
    assert_same(tfsnn.convert(work[0], known, name, **options), from_data)


def test_the_data_is_swept_once(work):
    model, x = work
    sweeps = Sweeps()
    known = tfsnn.calibration(model, x, batch_size=30)
    assert sweeps.passed == {}
    for name, steps in (("hmt", 2), ("paced", 2), ("paced", 4), ("opi", 4)):
        tfsnn.convert(model, known, name, timesteps=steps, progress=sweeps)
    assert sweeps.passed["calibrating"] == 2
    for _ in range(2):  # coders are in the graph now: one sweep more
        options = {"coding": "rate", "timesteps": 2}
        tfsnn.convert(model, known, "ic_snn", progress=sweeps, **options)
    assert sweeps.passed["calibrating"] == 4
    # The same graph, although few_spikes could have changed it.
    tfsnn.convert(model, known, "few_spikes", timesteps=2, progress=sweeps)
    assert sweeps.passed["calibrating"] == 4


@pytest.mark.slow
def test_a_comparison_sweeps_once(work):
    model, x = work
    labels = []

    def progress(things, total, label):
        labels.append(label)
        return things

    contest = tfsnn.Contest(methods="hmt,opi", timesteps=[1, 2])
    tfsnn.compare(model, x, x[:4], contest, progress=progress)
    assert [label for label in labels if "calibrating" in label] == [
        "1/4 hmt T=1: calibrating"
    ]


def test_more_samples_than_were_drawn_are_drawn_again(work):
    model, x = work
    known = tfsnn.calibration(model, x, held=5)
    few, more = (
        {"correct": "bias", "correct_samples": samples, "timesteps": 2}
        for samples in (5, 50)
    )
    for options in (few, more, few):
        again = tfsnn.convert(model, known, "hmt", **options)
        assert_same(again, tfsnn.convert(model, x, "hmt", **options))
    weights = [
        tfsnn.convert(model, known, "hmt", **options).get_weights()
        for options in (few, more)
    ]
    assert any((a != b).any() for a, b in zip(*weights, strict=True))


def test_the_calibration_of_another_model_is_refused(work, known):
    other = models.randomise(models.cnn())
    with pytest.raises(ModelError, match=f"calibration is of {work[0].name}, another"):
        tfsnn.convert(other, known)


@pytest.mark.parametrize(
    ("name", "value", "made"),
    [
        *(("seed", 1, 3), ("batch_size", 5, 16), ("limit", 40, 50)),
        *(("raw", True, None), ("strict", True, False)),
    ],
)
def test_settings_are_those_of_the_calibration(work, known, name, value, made):
    with pytest.raises(OptionError) as caught:
        tfsnn.convert(work[0], known, **{name: value})
    expected = f"{name}={value}, but the calibration was made with {name}={made}"
    assert str(caught.value).startswith(expected)
    same = tfsnn.convert(work[0], known, timesteps=1, **{name: made})
    assert_same(same, tfsnn.convert(work[0], known, timesteps=1))


def test_what_is_wrong_with_model_or_data_is_said_at_once(work):
    model, x = work
    with pytest.raises(DataError, match="the model takes"):
        tfsnn.calibration(model, x[:, :3])
    with pytest.raises(ModelError):
        tfsnn.calibration(keras.Sequential([keras.layers.Dense(2)]), x)


def test_running_sums_are_refused_unless_a_method_makes_them_spike():
    """A smooth activation spikes with few_spikes, and with no other."""
    smooth = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "tanh")])
    smooth.add(keras.layers.Dense(2))
    x = models.samples(models.randomise(smooth), 8)
    known = tfsnn.calibration(smooth, x, strict=True)
    with pytest.raises(UnsupportedError, match="running-sum"):
        tfsnn.convert(smooth, known, "hmt")
    snn = tfsnn.convert(smooth, known, "few_spikes")
    assert snn.report.strict and len(snn.populations) == 1


def test_8_bit_values_stay_as_they_are_if_raw(tmp_path: Path):
    model = models.randomise(models.mlp())
    pixels = np.random.default_rng(0).integers(0, 256, (10, 6)).astype(np.uint8)
    np.savez(tmp_path / "pixels.npz", x=pixels)
    known = tfsnn.calibration(model, str(tmp_path / "pixels.npz"), raw=True)
    snn = tfsnn.convert(model, known, timesteps=2)
    assert_same(
        snn, tfsnn.convert(model, pixels.astype(np.float32), timesteps=2, raw=True)
    )
