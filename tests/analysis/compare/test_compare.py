"""Comparison of methods: rows, files, and going on where it was stopped."""

import csv
import dataclasses
import gc
import importlib
import io
import json
import re
import shutil

import keras
import models
import numpy as np
import pytest

import tfsnn
from tfsnn.analysis import plot
from tfsnn.analysis.compare import stopwatch
from tfsnn.analysis.comparison import ComparedOutput, ComparedRow, Comparison
from tfsnn.errors import DataError, ModelError, OptionError, OutputError

measured = importlib.import_module("tfsnn.analysis.measured")
FIELDS = [
    "method",
    "options",
    "alphabet",
    "timesteps",
    "latency",
    "score",
    "agreement",
    "output_error",
    "accuracy",
    "spikes",
    "synops",
    "energy_ratio",
    "seconds",
    "error",
]
ARGUMENTS = {
    "methods": "hmt,data_norm",
    "timesteps": [4, 1],
    "options": {"data_norm": {"per": "channel"}},
}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A model, its inputs, and labels of which it gets three quarters right."""
    model = models.randomise(models.mlp())
    x = models.samples(model, 64)
    y = model.predict(x, verbose=0).argmax(-1)
    y[::4] = (y[::4] + 1) % 3
    return model, x, y, tmp_path_factory.mktemp("work") / "results"


@pytest.fixture(scope="module")
def compared(work):
    model, x, y, folder = work
    return tfsnn.compare(model, x[:32], (x, y), **ARGUMENTS, output=folder)


@pytest.fixture
def results(work, compared, tmp_path):
    """A copy of the folder of results."""
    shutil.copytree(work[3], tmp_path / "results")
    return tmp_path / "results"


class Watched:
    """A progress bar, which knows the method and T of each row that is measured."""

    def __init__(self, interrupted=None):
        self.rows, self.interrupted = [], interrupted

    def __call__(self, batches, total, label):
        found = re.match(r"\d+/\d+ (\w+) T=(\d+): ", label)
        row = (found[1], int(found[2])) if found else None
        if row and row not in self.rows:
            self.rows.append(row)
        if row and row == self.interrupted:
            raise KeyboardInterrupt
        return batches


@pytest.fixture
def watched():
    return Watched()


def test_rows_are_those_of_convert_and_evaluate(work, compared):
    model, x, y, _ = work
    assert [(row.method, row.timesteps) for row in compared.rows] == [
        ("hmt", 1),
        ("hmt", 4),
        ("data_norm", 1),
        ("data_norm", 4),
    ]
    assert compared.ann_accuracy == 0.75 and compared.samples == 64
    for row in (compared.rows[0], compared.rows[3]):
        snn = tfsnn.convert(
            model, x[:32], row.method, timesteps=row.timesteps, **row.options
        )
        found = tfsnn.evaluate(snn, (x, y), ann=model, timesteps=[row.timesteps])
        for name in FIELDS[4:12]:
            assert getattr(row, name) == getattr(found.rows[0], name)
        assert row.seconds > 0 and row.error is None
    assert [row.alphabet for row in compared.rows] == ["graded:4"] * 2 + ["binary"] * 2
    assert [row.options for row in compared.rows[1:3]] == [{}, {"per": "channel"}]


def test_json_has_exactly_these_fields(compared, results):
    found = json.loads((results / "compare.json").read_text())
    assert found == compared.to_dict()
    assert list(found) == [
        *("samples", "task", "metric", "ann_score", "ann_accuracy", "rows", "energy")
    ]
    assert all(list(row) == FIELDS for row in found["rows"])


def test_csv_has_the_same_values(compared, results):
    text = (results / "compare.csv").read_text()
    assert text == compared.to_csv()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == [*FIELDS, "outputs"]
    for found, row in zip(rows, compared.rows, strict=True):
        for name in FIELDS:
            expected = getattr(row, name)
            if name == "options":
                assert json.loads(found[name]) == expected
            elif isinstance(expected, int | float):
                assert float(found[name]) == expected
            else:
                assert found[name] == (expected or "")


def test_the_plot_is_that_of_the_rows(work, compared, results, tmp_path):
    data_norm, hmt = (
        [row for row in compared.rows if row.method == name]
        for name in ("data_norm", "hmt")
    )
    series = {"hmt": hmt, "data_norm (per=channel)": data_norm}
    figure = plot.comparison(series, 0.75, work[0].name)
    plot.save(figure, tmp_path / "expected.svg")
    written = (results / "compare.svg").read_text()
    assert written == (tmp_path / "expected.svg").read_text()
    assert {path.name for path in results.iterdir()} == {
        "rows.jsonl",
        "compare.csv",
        "compare.json",
        "compare.svg",
    }


def test_the_table():
    row = ComparedRow(
        *("hmt", {"levels": None}, "0..inf", 4, 4, 0.5, 0.875, 0.0625, 0.5),
        *(1234.5, 98765.4, 0.1234, 0.00123),
    )
    failed = ComparedRow("radix", {}, None, 16, error="too many")
    output = ComparedOutput("classes", "classification", "accuracy", 0.75)
    lines = str(Comparison(8, (row, failed), (output,))).splitlines()
    assert lines[0].split() == [
        *("method", "alphabet", "T", "latency", "accuracy", "agreement"),
        *("output", "error", "spikes", "synops", "energy", "ratio", "ms/sample"),
    ]
    assert lines[2].split() == [
        *("hmt", "(levels=none)", "0..inf", "4", "4", "50.00", "%", "87.50", "%"),
        *("6.25", "%", "1,234", "98,765", "0.123", "1.23"),
    ]
    assert lines[3].split() == ["radix", "-", "16"] + 8 * ["-"]
    assert lines[4:] == [
        "radix, T=16: too many",
        "ANN accuracy 75.00 % (judged as classification)",
        "8 samples; spikes and operations are per sample",
        "energy ratio: SNN over ANN, 4.6 pJ for each multiply-accumulate (MAC) and "
        "0.9 pJ for each accumulate (AC), 45nm-float32",
    ]


def again(work, folder, **changed):
    model, x, y, _ = work
    arguments = {"model": model, "calibration": x[:32], "data": (x, y), **ARGUMENTS}
    return tfsnn.compare(**{**arguments, "output": folder, **changed})


def without_seconds(comparison):
    rows = [dataclasses.replace(row, seconds=None) for row in comparison.rows]
    return dataclasses.replace(comparison, rows=tuple(rows))


def test_nothing_is_done_twice(work, compared, results, watched):
    assert again(work, results, progress=watched) == compared
    assert watched.rows == []


def test_it_goes_on_after_a_line_that_was_cut_off(work, compared, results, watched):
    path = results / "rows.jsonl"
    first, second, third, _ = path.read_text().splitlines(keepends=True)
    path.write_text(first + third + second[:-20])
    found = again(work, results, progress=watched)
    assert watched.rows == [("hmt", 4), ("data_norm", 4)]
    assert without_seconds(found) == without_seconds(compared)
    assert [found.rows[i].seconds for i in (0, 2)] == [
        compared.rows[i].seconds for i in (0, 2)
    ]
    lines = path.read_text().splitlines(keepends=True)
    assert lines[:2] == [first, third] and len(lines) == 4
    assert json.loads((results / "compare.json").read_text()) == found.to_dict()


@pytest.mark.slow
def test_it_goes_on_after_ctrl_c(work, compared, tmp_path, watched):
    stopped = Watched(interrupted=("data_norm", 1))
    with pytest.raises(KeyboardInterrupt):
        again(work, tmp_path / "new", timesteps=[1], progress=stopped)
    assert stopped.rows == [("hmt", 1), ("data_norm", 1)]
    assert len((tmp_path / "new" / "rows.jsonl").read_text().splitlines()) == 1
    found = again(work, tmp_path / "new", timesteps=[1], progress=watched)
    assert watched.rows == [("data_norm", 1)]
    assert without_seconds(found).rows == without_seconds(compared).rows[::2]


def test_the_energy_profile_is_asked_for(work, compared):
    alone = {"methods": "hmt", "timesteps": [1], "options": None}
    found = again(work, None, **alone, energy="45nm-int8")
    assert found.energy == tfsnn.energy.profile("45nm-int8")
    (row,), before = found.rows, compared.rows[0]
    assert row.synops == before.synops and row.energy_ratio < before.energy_ratio
    with pytest.raises(OptionError, match="no energy profile"):
        again(work, None, energy="7nm")


def test_other_steps_and_options_are_other_rows(work, compared, results, watched):
    others = {"timesteps": [1], "options": None, "progress": watched}
    found = again(work, results, methods="hmt", **others)
    assert found.rows == compared.rows[:1] and watched.rows == []
    found = again(work, results, methods="data_norm", **others)
    assert watched.rows == [("data_norm", 1)]
    assert found.rows[0].options == {}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 1}, r"seed \(0 there, 1 now\)"),
        ({"limit": 10}, r"limit \(null there, 10 now\)"),
        ({"calibration_limit": 10}, r"calibration_limit \(null there, 10 now\)"),
        ({"raw": True}, r"raw \(\[\] there, \[\"inp.*\"\] now\)"),
        ({"energy": "45nm-int8"}, r"energy \(.*0\.9\] there, .*, 0\.03\] now\)"),
        ({"calibration": models.samples(models.mlp(), 9)}, r"calibration \([0-9a-f]+"),
        ({"data": models.samples(models.mlp(), 9)}, r"data \([0-9a-f]{12} there, "),
        ({"model": models.randomise(models.mlp(), seed=3)}, r"differs in model \("),
    ],
)
def test_another_comparison_in_the_folder_is_refused(work, results, changed, message):
    before = {path: path.read_bytes() for path in results.iterdir()}
    with pytest.raises(OutputError, match=message) as caught:
        again(work, results, **changed)
    assert "--overwrite" in str(caught.value)
    assert {path: path.read_bytes() for path in results.iterdir()} == before


def test_overwrite_starts_anew(work, results, watched):
    found = again(
        work,
        results,
        methods="hmt",
        timesteps=[1],
        options=None,
        seed=1,
        overwrite=True,
        progress=watched,
    )
    assert watched.rows == [("hmt", 1)]
    (line,) = (results / "rows.jsonl").read_text().splitlines()
    assert json.loads(line)["settings"]["seed"] == 1
    assert json.loads((results / "compare.json").read_text()) == found.to_dict()


def test_folders_that_cannot_be_used(work, tmp_path, results):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file"):
        again(work, tmp_path / "file")
    (tmp_path / "compare.csv").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        again(work, tmp_path)
    assert (tmp_path / "compare.csv").read_text() == "mine"
    rows = results / "rows.jsonl"
    rows.write_text("{}\n" + rows.read_text())
    with pytest.raises(OutputError, match="damaged: line 1 is not a row"):
        again(work, results)


def test_a_method_that_fails_is_a_row(work):
    model, x, y, _ = work
    found = tfsnn.compare(
        *(model, x[:32], (x, y)),
        methods=["snm", "radix"],
        timesteps=[1, 11],
        options={"snm": {"scale": "mse"}},
    )
    assert [(r.method, r.timesteps) for r in found.rows] == [
        ("snm", 1),
        ("snm", 11),
        ("radix", 1),
        ("radix", 11),
    ]
    for row in (*found.rows[:2], found.rows[3]):
        assert [getattr(row, name) for name in FIELDS[4:13]] == [None] * 9
    assert "per=neuron goes with scale=max" in found.rows[0].error
    assert "not a number from 1 to 10" in found.rows[3].error
    assert found.rows[2].error is None and found.rows[2].agreement is not None
    assert (found.ann_accuracy, found.samples) == (0.75, 64)


def test_failures_are_kept_as_well(work, tmp_path):
    wishes = {"methods": "hmt", "timesteps": [1], "options": {"hmt": {"per": "neuron"}}}
    found = again(work, tmp_path, **wishes)
    rows = (tmp_path / "rows.jsonl").read_bytes()
    assert again(work, tmp_path, **wishes) == found
    assert (tmp_path / "rows.jsonl").read_bytes() == rows and rows.count(b"\n") == 1
    assert (found.ann_accuracy, found.samples) == (None, 0)
    assert not (tmp_path / "compare.svg").exists()  # there is nothing to draw


def test_without_labels(work, tmp_path):
    model, x, _, _ = work
    found = tfsnn.compare(
        *(model, x[:32], x), methods="hmt", timesteps=[4], output=tmp_path
    )
    assert found.ann_accuracy is None and found.rows[0].accuracy is None
    assert found.rows[0].agreement > 0.9
    svg = (tmp_path / "compare.svg").read_text()
    assert "Accuracy (%)" not in svg and "Agreement (%)" in svg


def test_what_is_wrong_with_all_methods_is_raised(work):
    model, x, y, _ = work
    once = tfsnn.Contest(methods="hmt", timesteps=[1])
    with pytest.raises(DataError):
        tfsnn.compare(model, x, x[:, :5], once)
    with pytest.raises(DataError, match="label 7, which is out of range"):
        tfsnn.compare(model, x, (x, y * 0 + 7), once)
    with pytest.raises(ModelError):
        tfsnn.compare(keras.Sequential([keras.layers.Dense(2)]), x, x, once)
    with pytest.raises(OptionError, match="batch_size"):
        tfsnn.compare(model, x, x, once, batch_size=0)


@pytest.mark.slow
def test_a_calibration_takes_the_place_of_its_data(work, compared):
    model, x, y, _ = work
    known = tfsnn.calibration(model, x[:32], limit=16, seed=3)
    found = tfsnn.compare(model, known, (x, y), **ARGUMENTS)
    expected = tfsnn.compare(
        model, x[:32], (x, y), **ARGUMENTS, calibration_limit=16, seed=3
    )
    assert without_seconds(found) == without_seconds(expected)
    assert without_seconds(found) != without_seconds(compared)
    with pytest.raises(OptionError, match="seed=4, but the calibration was made with"):
        tfsnn.compare(model, known, (x, y), seed=4)


def test_a_contest_and_settings_by_name_go_together(work, compared):
    model, x, y, _ = work
    contest = tfsnn.Contest(**{**ARGUMENTS, "timesteps": [2]})
    found = tfsnn.compare(model, x[:32], (x, y), contest, timesteps=[4, 1])
    assert without_seconds(found) == without_seconds(compared)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timestep": [1]}, "unknown setting: 'timestep'; .* did you mean 'timesteps'"),
        ({"strikt": True}, "did you mean 'strict'"),
        ({"contest": "hmt"}, "'hmt' is no Contest: .* as in methods=..., timesteps="),
    ],
)
def test_settings_that_do_not_exist_are_refused(work, given, message):
    model, x, *_ = work
    with pytest.raises(OptionError, match=message):
        tfsnn.compare(model, x, x, **given)


def test_progress_says_of_which_row_it_is(work):
    model, x, _, _ = work
    labels = []

    def progress(things, total, label):
        labels.append(label)
        return things

    once = tfsnn.Contest(methods="hmt", timesteps=[1], limit=8)
    tfsnn.compare(model, x, x, once, progress=progress)
    assert labels == ["1/1 hmt T=1: calibrating", "1/1 hmt T=1: evaluating"]


def test_seconds_are_of_the_best_run_after_the_first(monkeypatch):
    class Clock:
        """Each run takes the next of these seconds."""

        def __init__(self, *durations):
            self.durations, self.now = list(durations), 100.0

        def run(self, x, observe):
            assert x.shape == (4, 6) and {*observe} == {"outputs", "counts"}
            self.now += self.durations.pop(0)
            return self

        outputs = (0.0,)

    data = tfsnn.open_data(np.zeros((4, 6), np.float32), (6,))

    def seconds(clock):
        monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: clock.now)
        return stopwatch.Stopwatch(data, 50)(clock)

    clock = Clock(9, 0.5, 0.25, 0.375, 0.125)
    assert seconds(clock) == 0.25 / 4
    assert clock.durations == [0.125]
    clock = Clock(9, 2.0, 0.25)
    assert seconds(clock) == 2.0 / 4 and clock.durations == [0.25]


def test_a_comparison_leaves_no_compiled_function_behind(work, compared):
    """TensorFlow would keep it, and with it the weights, for each row."""
    model, x, _, _ = work
    kinds = ("FuncGraph", "ConcreteFunction", "SpikingModel")

    def alive():
        gc.collect()
        return {id(o) for o in gc.get_objects() if type(o).__name__ in kinds}

    before = alive()
    tfsnn.compare(model, x[:32], x, methods="hmt", timesteps=[2])
    assert alive() <= before
