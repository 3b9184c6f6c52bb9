"""``tfsnn report``, as a user runs it."""

import json
import shlex
import sys

import models
import pytest
from command_line import fill, run

import tfsnn
from tfsnn.analysis.comparison import ComparedOutput, ComparedRow, Comparison
from tfsnn.analysis.page import report_page


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A model, its SNN, data and the results of a comparison."""
    folder = tmp_path_factory.mktemp("work")
    fill(folder, models.mlp, 30, "data_norm", timesteps=4)
    (folder / "results").mkdir()
    output = ComparedOutput("y", "classification", "accuracy", 1.0)
    rows = tuple(
        ComparedRow(name, {}, "binary", 4, 4, 0.5, 0.5, 0.1, energy_ratio=energy)
        for name, energy in (("data_norm", 0.25), ("hmt", 0.5))
    )
    results = json.dumps(Comparison(30, rows, (output,)).to_dict())
    (folder / "results" / "compare.json").write_text(results)
    return folder


@pytest.fixture(scope="module")
def arguments(work):
    return (
        *("report", work / "snn.keras", "--ann", work / "model.keras"),
        *("--data", work / "data.npz"),
    )


@pytest.mark.slow
def test_the_page_is_that_of_the_library(work, arguments, tmp_path):
    output = tmp_path / "report.html"
    arguments = (
        *(*arguments, "--output", output, "--compare", work / "results"),
        *("--samples", "7,2", "--timesteps", 2, "--limit", 20),
        *("-o", "energy", "45nm-int8", "-o", "batch_size", 6),
    )
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout == "" and result.stderr == f"wrote {output}\n"
    page = output.read_text(encoding="utf-8")
    expected = report_page(
        *(tfsnn.load_model(work / name) for name in ("model.keras", "snn.keras")),
        str(work / "data.npz"),
        comparison=work / "results",
        samples=[7, 2],
        timesteps=2,
        limit=20,
        batch_size=6,
        energy="45nm-int8",
        command=shlex.join(["tfsnn", *map(str, arguments)]),
    )
    assert page == expected
    assert page.index('id="figure-raster-7"') < page.index('id="figure-raster-2"')
    assert 'id="figure-frontier"' in page and "20 samples of " in page
    refused = run(*arguments)
    assert refused.exit_code == 1 and "--overwrite" in refused.stderr
    assert output.read_text(encoding="utf-8") == page


def test_what_does_not_exist_is_refused_and_nothing_is_written(
    work, arguments, tmp_path
):
    output = tmp_path / "report.html"
    for more, code, words in (
        (("--samples", "3,30"), 2, "there is no sample 30"),
        (("--samples", "-1"), 2, "not a list of numbers from 0 up"),
        (("-o", "energy", "7nm"), 2, "no energy profile '7nm'"),
        (("--compare", work), 1, "holds no comparison"),
        (("--timesteps", 0), 2, "--timesteps"),
    ):
        result = run(*arguments, "--output", output, *more)
        assert result.exit_code == code and words in result.stderr, result.output
    assert run(*arguments, "--output", tmp_path / "report.pdf").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_extra_is_named(arguments, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = run(*arguments, "--output", tmp_path / "report.html")
    assert result.exit_code == 1
    assert "A report needs jinja2, which is not installed" in result.stderr
    assert "pip install 'tfsnn[report]'" in result.stderr
