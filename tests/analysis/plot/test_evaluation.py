"""Figures of an evaluation: by task, in its unit, with intervals that are known."""

import numpy as np
import pytest

from tfsnn.analysis import plot
from tfsnn.analysis.evaluate import Evaluation
from tfsnn.analysis.intervals import wilson
from tfsnn.errors import OptionError
from tfsnn.hardware.energy import DEFAULT
from tfsnn_numpy.judging import Judged
from tfsnn_numpy.results import Row
from tfsnn_numpy.tasks import TASKS, Figures

STEPS = (1, 4)


def judged(task, figures, ann=None, name="out"):
    of_ann = None if ann is None else Figures(score=ann)
    return Judged(name, task, TASKS[task].metric, of_ann, tuple(figures))


def evaluation(*outputs, samples=10):
    rows = tuple(Row(timesteps=t, latency=t) for t in STEPS)
    return Evaluation(samples, rows, outputs, DEFAULT)


def curve(axes, label):
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return np.asarray(line.get_ydata()).tolist()


def heights(axes, number):
    return sorted(set(axes.collections[number].get_paths()[0].vertices[:, 1]))


def test_classes_have_shares_of_samples_with_wilson_intervals():
    figures = [Figures(0.5, 0.6, 0.3), Figures(0.8, 0.9, 0.1)]
    found = evaluation(judged("classification", figures, 0.9))
    (axes,) = plot.evaluation(found, "net").axes
    assert axes.get_ylabel() == "Accuracy and agreement (%)"
    assert curve(axes, "Accuracy") == pytest.approx([50, 80])
    assert curve(axes, "Agreement with the ANN") == pytest.approx([60, 90])
    assert set(curve(axes, "ANN, 90.00 %")) == {90}
    bounds = [100 * bound for n in (5, 8) for bound in wilson(n, 10)[1:]]
    assert heights(axes, 0) == pytest.approx(sorted(bounds))


def test_without_labels_there_is_agreement_and_without_decisions_the_error():
    found = evaluation(judged("binary", [Figures(None, 0.6, 0.3)] * 2))
    (axes,) = plot.evaluation(found).axes
    assert axes.get_ylabel() == "Agreement with the ANN (%)"
    assert curve(axes, "Agreement with the ANN") == [60, 60]
    errors = [Figures(None, None, 0.3, {}, 0.05), Figures(None, None, 0.1, {}, 0.1)]
    (axes,) = plot.evaluation(evaluation(judged("regression", errors))).axes
    assert axes.get_ylabel() == "Output error (% of the deviation)"
    assert curve(axes, "Output error") == [30, 10]
    half = 1.959963984540054
    expected = [0, 10 + 10 * half, 30 - 5 * half, 30 + 5 * half]  # never below 0
    assert heights(axes, 0) == pytest.approx(sorted(expected))


def test_numbers_have_their_score_above_their_error():
    figures = [Figures(-0.5, None, 0.3, {}, 0.0), Figures(0.8, None, 0.1, {}, 0.0)]
    found = evaluation(judged("regression", figures, 0.875))
    score, error = plot.evaluation(found).axes
    assert score.get_ylabel() == "R²" and curve(score, "R²") == [-0.5, 0.8]
    assert set(curve(score, "ANN, 0.8750")) == {0.875}
    assert curve(error, "Output error") == [30, 10]
    figures = [Figures(20.0, None, 0.3), Figures(25.5, None, 0.1)]
    score, _ = plot.evaluation(evaluation(judged("image", figures, 30.0))).axes
    assert score.get_ylabel() == "PSNR (dB)" and curve(score, "PSNR") == [20, 25.5]


@pytest.mark.parametrize(
    ("task", "name"), [("places", "Accuracy"), ("multilabel", "F1")]
)
def test_shares_that_are_not_of_samples_have_no_wilson_interval(task, name):
    found = evaluation(judged(task, [Figures(0.5, 0.6, 0.3)] * 2))
    (axes,) = plot.evaluation(found).axes
    assert curve(axes, name) == [50, 50]
    assert all(
        np.isnan(path.vertices).any() for path in axes.collections[1].get_paths()
    )
    assert axes.get_ylabel() == f"{name} and agreement (%)"


def test_each_output_has_its_panels():
    found = evaluation(
        judged("regression", [Figures(None, None, 0.3)] * 2, name="size"),
        judged("classification", [Figures(0.5, 0.6, 0.3)] * 2, name="kind"),
    )
    axes = plot.evaluation(found).axes
    assert [(each.get_title("left"), each.get_ylabel()) for each in axes] == [
        ("size", "Output error (% of the deviation)"),
        ("kind", "Accuracy and agreement (%)"),
    ]


def test_nothing_that_was_measured_cannot_be_drawn():
    with pytest.raises(OptionError, match=r"cannot be drawn: evaluate with labels"):
        plot.evaluation(evaluation(judged("image", [Figures()] * 2)))
