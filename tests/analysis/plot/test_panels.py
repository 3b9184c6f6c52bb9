"""The panels of a comparison, and the axes of figures, read back from them."""

import itertools

import numpy as np
import pytest

from tfsnn.analysis import plot
from tfsnn.analysis.comparison import ComparedRow
from tfsnn.analysis.evaluate import Evaluation
from tfsnn.analysis.intervals import Interval
from tfsnn.analysis.plot.axes import short
from tfsnn.hardware.energy import DEFAULT
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.results import Row
from tfsnn_numpy.tasks import Figures

PANELS = {
    "Accuracy (%)": [50, 50],
    "Agreement (%)": [75, 75],
    "Spikes per sample": [100, 400],
    "Synaptic operations per sample": [1e6, 4e6],
    "Energy, SNN / ANN": [0.25, 0.25],
    "Milliseconds per sample": [2, 8],
}


def curve(axes, label):
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def measured(t, **changed):
    values = {
        "score": 0.5,
        "output_error": 0.3,
        "agreement": 0.75,
        "spikes": 100.0 * t,
        "synops": 1e6 * t,
        "energy_ratio": 0.25,
        "seconds": 0.002 * t,
    }
    return ComparedRow("hmt", {}, "graded:4", t, t, **{**values, **changed})


def by_axis(figure):
    return {axes.get_ylabel(): axes for axes in figure.axes}


def test_a_comparison_has_a_panel_for_each_share_and_cost():
    series = {"a": [measured(4), measured(1)], "b": [measured(2)]}
    figure = plot.comparison(series, 0.6, "net")
    panels = by_axis(figure)
    assert list(panels) == list(PANELS)
    for name, values in PANELS.items():
        assert [list(each) for each in curve(panels[name], "a")] == [[1, 4], values]
        assert list(curve(panels[name], "b")[0]) == [2]
        assert panels[name].get_yscale() == ("linear" if "%" in name else "log")
        assert panels[name].get_xticks().tolist() == [1, 2, 4]
    assert set(curve(panels["Accuracy (%)"], "ANN, 60.00 %")[1]) == {60.0}
    assert panels["Accuracy (%)"].get_ylim()[1] > 60
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["a", "b", "ANN, 60.00 %"]  # once, not once for each panel
    assert legend.get_title().get_text() == "net"


def test_of_a_comparison_what_is_not_known_is_not_drawn():
    rows = {
        "a": [measured(1, score=None, spikes=0.0)],
        "b": [measured(1, score=None)],
    }
    panels = by_axis(plot.comparison(rows))
    assert list(panels) == list(PANELS)[1:]
    assert [line.get_label() for line in panels["Spikes per sample"].lines] == ["b"]
    assert len(panels["Agreement (%)"].lines) == 2


def test_of_numbers_there_is_the_score_in_its_unit_and_the_error():
    rows = {"a": [measured(1, score=24.5, agreement=None)]}
    panels = by_axis(plot.comparison(rows, 30.0, task="image"))
    assert list(panels)[:3] == [
        "PSNR (dB)",
        "Output error (% of the deviation)",
        "Spikes per sample",
    ]
    assert curve(panels["PSNR (dB)"], "a")[1].tolist() == [24.5]
    assert set(curve(panels["PSNR (dB)"], "ANN, 30.00 dB")[1]) == {30.0}
    error = panels["Output error (% of the deviation)"]
    assert curve(error, "a")[1] == pytest.approx([30])
    panels = by_axis(plot.comparison(rows, 0.75, task="regression"))
    assert set(curve(panels["R²"], "ANN, 0.7500")[1]) == {0.75}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1e6, 3e6), {"1M", "2M"}),
        ((10.0, 1000.0), {"10", "100", "1k"}),
        ((140.0, 140.0), {"100", "200"}),
        ((120.0, 180.0), {"120", "180"}),
    ],
)
def test_costs_have_short_numbers(values, expected):
    rows = [measured(t, spikes=value) for t, value in zip((1, 2), values, strict=True)]
    figure = plot.comparison({"a": rows})
    figure.draw_without_rendering()
    axes = by_axis(figure)["Spikes per sample"]
    low, high = axes.get_ylim()
    shown = {
        text.get_text()
        for place, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
        if low <= place <= high
    }
    assert expected <= shown
    assert [short(v) for v in (0.25, 5e3, 2e6, 1e9)] == ["0.25", "5k", "2M", "1G"]


@pytest.mark.parametrize(
    "steps", [(1, 500, 510, 1000, 1001, 1024), range(1, 65), (7,), (1, 2, 4, 8)]
)
def test_numbers_of_close_time_steps_do_not_overlap(steps):
    points = [(step, Interval(0.5, 0.4, 0.6)) for step in steps]
    figure = plot.over_time({"a": points}, "x")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert axes.get_xticks().tolist() == [*steps]
    shown = [label for label in axes.get_xticklabels() if label.get_text()]
    boxes = [label.get_window_extent() for label in shown]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))
    assert shown[-1].get_text() == str(steps[-1]) and len(shown) >= min(3, len(steps))


@pytest.mark.parametrize(
    ("lowest", "highest"), [(0, 1), (0.98, 0.981), (0.5, 0.5), (1, 1), (0, 0)]
)
def test_shares_have_an_axis_that_shows_all_and_is_not_of_noise(lowest, highest):
    figures = tuple(Figures(score=score) for score in (lowest, highest))
    judged = Judged("classes", "classification", "accuracy", None, figures)
    rows = tuple(Row(timesteps=t, latency=t) for t in (1, 2))
    found = Evaluation(1_000_000, rows, (judged,), DEFAULT)
    (axes,) = plot.evaluation(found).axes
    low, high = axes.get_ylim()
    assert -5 < low < 100 * lowest <= 100 * highest < high < 105
    assert high - low >= 1.9
