"""``engine="auto"``: the way that a short measurement finds, measured once."""

import json

import models
import numpy as np
import pytest

import tfsnn
from tfsnn import files
from tfsnn.simulation import choice_of_engine, ways
from tfsnn.simulation.choice_of_engine import LARGE
from tfsnn.simulation.ways import Way, fastest_of, keep, recalled

FIRST = Way("tensorflow", 40, None)


class Clock:
    """Time that passes only while ways are run."""

    def __init__(self, monkeypatch, seconds):
        self.now, self.seconds, self.runs = 0.0, seconds, []
        monkeypatch.setattr(ways.time, "perf_counter", lambda: self.now)

    def __call__(self, way):
        self.runs.append(way)
        self.now += self.seconds(way)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv(files.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "ways.json"


def test_the_fastest_of_each_is_taken(monkeypatch):
    """OpenVINO, in halves until that gains nothing, four steps at a time."""
    parts = {40: 0.9, 20: 0.7, 10: 0.69, 5: 0.1}

    def seconds(way):
        times = {"tensorflow": 1.0, "openvino": 0.5}[way.engine] * parts[way.samples]
        return times * (0.5 if way.chunk else 1)

    clock = Clock(monkeypatch, seconds)
    best = fastest_of(FIRST, clock, ["openvino"], [4])
    assert best == Way("openvino", 20, 4)
    assert Way("openvino", 10, None) in clock.runs  # 1.4 % less is not worth it
    assert all(way.samples > 5 for way in clock.runs)
    assert clock.runs.count(FIRST) == 1 + ways.RUNS


def test_a_slower_engine_is_not_tried_in_parts(monkeypatch):
    clock = Clock(monkeypatch, lambda way: 0.2 if way.engine == "openvino" else 0.1)
    assert fastest_of(FIRST, clock, ["openvino"]) == FIRST
    tried = {way for way in clock.runs if way.engine == "openvino"}
    assert tried == {Way("openvino", 40, None)}


def test_measuring_ends(monkeypatch):
    """A run of 6 s is timed once, and after two of them nothing else is tried."""
    clock = Clock(monkeypatch, lambda way: 6.0)
    assert fastest_of(FIRST, clock, ["openvino"], [4]) == FIRST
    assert clock.runs == [FIRST, FIRST]


def test_what_was_measured_is_kept(kept):
    way = Way("openvino", 16, 4)
    assert recalled("a") is None
    keep("a", way)
    keep("b", FIRST)
    assert recalled("a") == way and recalled("b") == FIRST
    assert not list(kept.parent.glob("*part*"))


def test_the_oldest_ways_go(kept, monkeypatch):
    monkeypatch.setattr(ways, "KEPT", 2)
    for key in "abc":
        keep(key, FIRST)
    assert [recalled(key) for key in "abc"] == [None, FIRST, FIRST]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "[" * 100_000,
        '{"a": "openvino"}',
        '{"a": ["openvino", 1]}',
        '{"a": ["onnx", 1, null]}',
        '{"a": ["openvino", 0, null]}',
        '{"a": ["openvino", null, 1]}',
        '{"a": ["openvino", 1.5, null]}',
        '{"a": [["openvino"], 1, null]}',
        '{"a": ["openvino", 1, null]}' + " " * ways.MOST_BYTES,
    ],
)
def test_another_file_is_no_way(kept, text):
    kept.parent.mkdir()
    kept.write_text(text)
    assert recalled("a") is None
    keep("a", FIRST)
    assert recalled("a") == FIRST


def test_nothing_is_kept_where_that_is_not_wanted_or_cannot_be(kept, monkeypatch):
    kept.parent.write_text("a file, and no folder")
    keep("a", FIRST)
    assert recalled("a") is None
    monkeypatch.setenv(files.CACHE_VARIABLE, "")
    keep("a", FIRST)
    assert recalled("a") is None


@pytest.fixture(scope="module")
def model():
    return models.dyadic(models.MODELS["cnn"]())


@pytest.fixture
def snn(model):
    snn = tfsnn.convert(model, models.samples(model), "termapping", timesteps=4)
    snn.engine = "auto"
    return snn


def test_a_large_call_is_measured_once_for_a_machine(snn, model, kept, monkeypatch):
    x = models.samples(model, 12)
    found, asked = Way("tensorflow", 5, 2), []

    def search(first, run, engines, chunks):
        asked.append((first, list(chunks)))
        run(found)
        return found

    monkeypatch.setattr(choice_of_engine, "fastest_of", search)
    small = snn.predict(x, verbose=0)
    assert not asked
    monkeypatch.setattr(choice_of_engine, "LARGE", 1)
    np.testing.assert_allclose(snn.predict(x, verbose=0), small, atol=1e-6)
    assert asked == [(Way("tensorflow", 12, None), [4])]
    assert json.loads(kept.read_text())

    snn.predict(x[:7], verbose=0)  # fewer follow
    other = tfsnn.convert(model, x * 2, "termapping", timesteps=4)  # other weights
    other.engine = "auto"
    other.predict(x, verbose=0)
    assert len(asked) == 1
    snn.run(x, timesteps=3)
    snn.run(x, observe=("counts",))
    assert [first.samples for first, _ in asked] == [12, 12, 12]


def test_parts_give_what_the_whole_gives(snn, model, kept, monkeypatch):
    x = models.samples(model, 12)
    observe = ("outputs", "counts", "spikes")
    expected = snn.run(x, observe=observe, engine="tensorflow")
    monkeypatch.setattr(choice_of_engine, "LARGE", 1)
    monkeypatch.setattr(
        choice_of_engine, "fastest_of", lambda *_: Way("tensorflow", 5, 3)
    )
    found = snn.run(x, observe=observe)
    assert np.array_equal(found.steps, expected.steps)
    assert found.observed.keys() == expected.observed.keys()
    for key, values in expected.observed.items():
        np.testing.assert_allclose(found.observed[key], values, atol=1e-6)
    np.testing.assert_allclose(found.outputs[0], expected.outputs[0], atol=1e-6)


def test_steps_at_a_time_that_were_asked_for_stay(snn, model, kept, monkeypatch):
    asked = []
    monkeypatch.setattr(choice_of_engine, "LARGE", 1)
    monkeypatch.setattr(
        choice_of_engine,
        "fastest_of",
        lambda first, run, engines, chunks: asked.append((first, chunks)) or first,
    )
    snn.chunk = 2
    snn.run(models.samples(model))
    rule = tfsnn.ExitRule("margin", 0.3)
    snn.chunk = None
    snn.run(models.samples(model), early_exit=rule)
    assert [(first.chunk, chunks) for first, chunks in asked] == [(2, []), (1, [])]


def test_large_calls_are_measured(snn):
    macs = snn.operations_per_sample().ann_macs
    rows = -(-LARGE // (4 * macs))
    assert snn.is_large(rows, 4)
    assert not snn.is_large(rows - 1, 4)
    assert not snn.is_large(None, 4)


def test_batches_are_larger_where_that_is_free(snn, model):
    assert snn.batch_size == 128
    snn.engine = "tensorflow"
    assert snn.batch_size == 32
