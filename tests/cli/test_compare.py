"""tfsnn compare, as a user runs it."""

import csv
import io
import json
import signal
import subprocess
import sys
import time

import models
import numpy as np
import pytest
from command_line import fill, run, start

import tfsnn


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with a model, calibration samples, and data with its own labels."""
    folder = fill(tmp_path_factory.mktemp("work"), models.mlp, 40)
    data = (folder / "data.npz").rename(folder / "test.npz")
    np.savez(folder / "train.npz", x=np.load(data)["x"])
    return folder


@pytest.fixture
def comparing(work):
    return (
        *("compare", work / "model.keras", "--calibration", work / "train.npz"),
        *("--data", work / "test.npz"),
    )


@pytest.mark.slow
def test_json_is_what_the_library_gives(work, comparing):
    result = run(
        *comparing,
        *("--methods", "termapping,hmt", "--timesteps", "4,2", "--limit", 30),
        *("-o", "calibration_limit", 20, "--alphabet", "graded:3", "-o", "seed", 3),
        *("-o", "hmt.scale", "mse", "-o", "hmt.per", "layer", "--json"),
        *("-o", "energy", "45nm-float16"),
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    expected = tfsnn.compare(
        tfsnn.load_model(work / "model.keras"),
        str(work / "train.npz"),
        str(work / "test.npz"),
        methods=["termapping", "hmt"],
        timesteps=[2, 4],
        alphabet="graded:3",
        options={"hmt": {"scale": "mse", "per": "layer"}},
        limit=30,
        calibration_limit=20,
        seed=3,
        energy="45nm-float16",
    ).to_dict()
    assert (
        list(found)
        == list(expected)
        == [
            *("samples", "task", "metric", "ann_score", "ann_accuracy"),
            "rows",
            "energy",
        ]
    )
    assert found["ann_accuracy"] == 1 and found["samples"] == 30
    for row in (*found["rows"], *expected["rows"]):
        seconds = row.pop("seconds")
        assert (seconds is None) == (row["error"] is not None)
    assert found == expected
    assert found["rows"][0]["error"] == "it cannot send graded:3 spikes"
    assert found["rows"][2]["options"] == {"levels": 7, "scale": "mse", "per": "layer"}


@pytest.mark.slow
def test_the_table_and_what_is_written(work, comparing, tmp_path):
    folder = tmp_path / "a" / "b"
    arguments = (
        *(*comparing, "--methods", "hmt", "--timesteps", 2, "--output", folder),
        *("-o", "batch_size", 20),
    )
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split()[:3] == ["method", "alphabet", "T"]
    assert lines[2].split()[:4] == ["hmt", "graded:4", "2", "2"]
    assert lines[-2].startswith("40 samples")
    assert lines[-1].startswith("energy ratio: SNN over ANN, 4.6 pJ")
    assert result.stderr == (
        f"wrote {folder}/compare.csv, {folder}/compare.json, {folder}/compare.svg\n"
    )
    printed = run(*arguments, "-o", "csv", "true")
    assert printed.stdout == (folder / "compare.csv").read_text()
    (row,) = csv.DictReader(io.StringIO(printed.stdout))
    assert row["method"] == "hmt" and row["accuracy"] == "1.0"
    refused = run(*arguments, "-o", "seed", 1)
    assert refused.exit_code == 1 and refused.stdout == ""
    assert "seed (0 there, 1 now)" in refused.stderr
    assert "--overwrite" in refused.stderr
    replaced = run(*arguments, "-o", "seed", 1, "--overwrite", "--json")
    assert replaced.exit_code == 0, replaced.output
    assert json.loads((folder / "compare.json").read_text()) == json.loads(
        replaced.stdout
    )


def test_what_is_left_out_is_said(comparing, monkeypatch):
    """Every method of ours, at a T that few can do; nothing is simulated for it."""
    compare = sys.modules["tfsnn.analysis.compare.compare"]
    monkeypatch.setattr(
        compare, "_finished", lambda row, *_: compare.FinishedRow(row, 40, ())
    )
    result = run(*comparing, "--timesteps", 12, "--alphabet", "graded:2", "--json")
    assert result.exit_code == 0, result.output
    compared = {row["method"] for row in json.loads(result.stdout)["rows"]}
    assert "hmt" in compared and not compared & {"data_norm", "radix"}
    assert "left out: data_norm (it cannot send graded:2 spikes)\n" in result.stderr
    assert "left out: radix at T=12 (" in result.stderr


def test_no_method_that_works_is_an_error(comparing):
    result = run(*comparing, "--methods", "data_norm", "--alphabet", "ternary")
    assert result.exit_code == 1
    assert "data_norm: it cannot send ternary spikes" in result.stdout
    assert result.stderr == "Error: no method could be measured: each row says why\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--methods", "hmmt"), "did you mean 'hmt'"),
        (("--methods", "hmt,"), "unknown method: ''"),
        (("--alphabet", "graded"), "binary, ternary, or graded:N"),
        (("--timesteps", "0,1"), "'0,1' is not a list of numbers from 1 up"),
        (("-o", "levels", "3"), "give the method as well, as in -o hmt.levels"),
        (("-o", "sead", "3"), "did you mean 'seed'"),
        (("-o", "hmt.level", "3"), "did you mean 'levels'"),
        (("-o", "hmt.levels", "many"), "levels='many' is not of type int"),
        (("-o", "hmmt.levels", "3"), "hmmt, which is not compared"),
        (("-o", "hmt.timesteps", "3"), "give --timesteps"),
        (("--alphabet", "binary", "-o", "hmt.levels", "3"), "contradicts"),
        (("--json", "-o", "csv", "true"), "not both"),
        (("-o", "batch_size", "0"), "batch_size: 0 is not in the range"),
        (("-o", "seed", "-1"), "seed: -1 is not in the range"),
        (("-o", "calibration_limit", "0"), "calibration_limit: 0 is not in the range"),
        (("-o", "raw", "maybe"), "raw: 'maybe' is not a valid boolean"),
        (("-o", "energy", "7nm"), "no energy profile '7nm'"),
    ],
)
def test_wrong_use(arguments, message):
    """Refused before the model is looked for."""
    result = run(
        *("compare", "missing.keras", "--calibration", "c.npz", "--data", "d.npz"),
        *arguments,
    )
    assert result.exit_code == 2 and result.stdout == ""
    assert message in result.stderr


def test_what_is_not_there(work, comparing):
    missing = ("--calibration", "missing.npz")
    assert run("compare", "missing.keras", *comparing[2:]).exit_code == 1
    result = run(*comparing, *missing)
    assert result.exit_code == 1 and "no file missing.npz" in result.stderr
    assert run("compare", work / "model.keras", *missing).exit_code == 2


@pytest.mark.slow
@pytest.mark.processes
def test_it_goes_on_after_a_kill(comparing, tmp_path):
    arguments = (
        *(*comparing, "--methods", "hmt,data_norm,opi", "--timesteps", "1,2"),
        *("--output", tmp_path),
    )
    rows = tmp_path / "rows.jsonl"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = start(*arguments, **quiet)
    deadline = time.monotonic() + 120
    while not (rows.exists() and rows.read_bytes().count(b"\n")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    kept = rows.read_bytes()
    kept = kept[: kept.rfind(b"\n") + 1]
    assert 1 <= kept.count(b"\n") < 6
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    assert rows.read_bytes().startswith(kept)
    stored = [json.loads(line)["row"] for line in rows.read_text().splitlines()]
    assert all(row.pop("outputs") == {} for row in stored)
    assert stored == json.loads(result.stdout)["rows"]
    assert [(row["method"], row["timesteps"]) for row in stored] == [
        (name, t) for name in ("hmt", "data_norm", "opi") for t in (1, 2)
    ]
