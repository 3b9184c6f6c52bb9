"""Data sets like those of tonic: by object and by name, read as they are on disk."""

import sys
from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest
from event_samples import SENSOR, by_time, recording, structured
from samples import collect

from tfsnn.data import OverTime, open_data
from tfsnn.errors import DataError, OptionError
from tfsnn.extras import MissingPackageError

SHAPE = (*SENSOR, 2)
STEP = OverTime(step_ms=10, frames=3)


class Gestures:
    """What a data set of tonic is: items of events and label, sorted by class."""

    sensor_size = (SENSOR[1], SENSOR[0], 2)

    def __init__(self, save_to, train=True):
        if save_to == "nowhere":
            raise FileNotFoundError("no such archive")
        print("downloading")  # as tonic does
        self.save_to, self.train = save_to, train
        self.targets = [0, 0, 0, 2, 2, 1]

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, index):
        return structured(recording(index + 10 * self.train)), self.targets[index]


class Digits(Gestures):
    """A set with splits by name, and labels that only its items have."""

    def __init__(self, save_to, split="train"):
        super().__init__(save_to, split == "valid")
        self.labels, self.targets = self.targets, [[]] * 6

    def __getitem__(self, index):
        return structured(recording(index)), np.int64(self.labels[index])


@pytest.fixture
def tonic(monkeypatch):
    package, sets = ModuleType("tonic"), ModuleType("tonic.datasets")
    sets.Gestures, sets.Digits, sets.Other = Gestures, Digits, object
    package.datasets = sets
    monkeypatch.setitem(sys.modules, "tonic", package)
    monkeypatch.setitem(sys.modules, "tonic.datasets", sets)


def slow(*seeds):
    return [by_time(recording(s), SHAPE, Fraction(10_000))[:3] for s in seeds]


def test_the_classes_of_a_set_take_turns(tmp_path):
    data = open_data(Gestures(tmp_path, False), SHAPE, over_time=STEP, labels=True)
    x, y = collect(data)
    assert y.tolist() == [0, 1, 2, 0, 2, 0] and data.size == 6
    np.testing.assert_array_equal(x, slow(0, 5, 3, 1, 4, 2))
    x, y = collect(data.part(4, 6))
    np.testing.assert_array_equal(x, slow(4, 2))


def test_a_set_by_name(tonic, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TONIC_DATA_DIR", "nowhere")
    for spec, split, first in (
        ("tonic:Gestures", "train", 10),
        ("tonic:Gestures", "test", 0),
        ("tonic:Gestures:train", "test", 10),
        ("tonic:Digits:valid", "test", 0),
    ):
        more = {"default_split": split, "data_dir": tmp_path, "limit": 1}
        data = open_data(spec, SHAPE, over_time=STEP, **more)
        np.testing.assert_array_equal(collect(data)[0], slow(first))
        assert data.name == spec
    assert capsys.readouterr().out == ""
    with pytest.raises(
        DataError, match=r"not in nowhere .*no such archive.*TONIC_DATA"
    ):
        open_data("tonic:Gestures", SHAPE, over_time=STEP)


def test_names_and_splits_that_do_not_exist(tonic, tmp_path):
    for spec, match in (
        ("tonic:Gesture", "did you mean 'Gestures'"),
        ("tonic:Other", "known: Digits, Gestures"),
        ("tonic:Gestures:valid", "has splits train and test, not 'valid'"),
    ):
        with pytest.raises(OptionError, match=match):
            open_data(spec, SHAPE, over_time=STEP, data_dir=tmp_path)
    for spec in ("tonic:Gestures", Gestures(tmp_path)):
        with pytest.raises(OptionError, match="read over time"):
            open_data(spec, SHAPE)


def test_without_tonic(monkeypatch):
    monkeypatch.setitem(sys.modules, "tonic", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'tfsnn\[events\]'"):
        open_data("tonic:NMNIST", SHAPE, over_time=STEP)


@pytest.mark.parametrize(
    "item, match",
    [
        ((np.zeros((3, 4)), 1), "is ndarray without fields t, x and p"),
        ((structured(recording(0)), None), "has the label None"),
        ((structured(recording(0)), [1, 2]), "has the label"),
        (structured(recording(0)), "has the label None"),
        ((structured(recording(0))[:0], 1), "recording 3 of .* holds no events"),
    ],
)
def test_items_that_are_no_recordings(item, match, tmp_path, monkeypatch):
    before = Gestures.__getitem__
    monkeypatch.setattr(
        Gestures, "__getitem__", lambda self, i: item if i == 3 else before(self, i)
    )
    data = open_data(Gestures(tmp_path), SHAPE, over_time=STEP)
    with pytest.raises(DataError, match=match):
        collect(data)


def test_the_sensor_of_a_set_is_checked(tmp_path):
    with pytest.raises(OptionError, match=r"sensor=\(4, 5\) is no multiple"):
        open_data(Gestures(tmp_path), (4, 4, 2), over_time=OverTime(step_ms=10))
    whole = open_data(Gestures(tmp_path), (2, 1, 2), over_time=STEP)
    x, _ = collect(whole.part(0, 1))
    blocks = slow(10)[0].reshape(3, 2, 2, 1, 5, 2).sum(axis=(2, 4))
    np.testing.assert_array_equal(x[0], blocks)
