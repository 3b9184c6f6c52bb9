"""What the page has of the outputs of each task, against NumPy."""

import functools
import math
import re

import numpy as np
import pytest
import task_networks

from tfsnn.analysis.evaluate import evaluate
from tfsnn.analysis.intervals import mean, ratio, wilson
from tfsnn.analysis.page import report_page
from tfsnn.analysis.page.columns import SHOWN
from tfsnn.analysis.page.judged import key_figures, shown_outputs
from tfsnn.analysis.page.measure import measure
from tfsnn.data import open_for
from tfsnn.simulation.engines import as_engine
from tfsnn_numpy.judging import Judging

STEPS = [1, 2]


def measured(model, snn, data, batch_size=7, task=None, **options):
    engine = as_engine(snn)
    opened = open_for(engine, data)
    judging = Judging.of(engine.outputs, opened, task, engine.hints)
    batches = opened.batches(batch_size)
    return measure(model, snn, batches, STEPS, judging, **options)


@functools.cache
def measured_of(task, batch_size=7):
    """What is measured of the network of a task."""
    model, snn, x, y = task_networks.network(task)
    return measured(model, snn, (x, y), batch_size)


@functools.cache
def outputs_of(task):
    """The outputs of the ANN, and of the SNN after each step, float64."""
    model, snn, x, _ = task_networks.network(task)
    ann = np.asarray(model.predict(x, verbose=0), np.float64)
    return ann, np.asarray(snn.simulate(x, 2).outputs[0], np.float64)


@pytest.mark.parametrize("task", task_networks.TASKS)
def test_figures_are_those_of_evaluate_and_lie_in_their_intervals(task):
    model, snn, x, y = task_networks.network(task)
    (found,) = measured_of(task).outputs
    expected = evaluate(snn, (x, y), ann=model, timesteps=STEPS).outputs[0]
    assert found.judged.task == task
    assert found.ann_score.value == pytest.approx(expected.ann_score)
    for i, figures in enumerate(expected.figures):
        assert found.score(i).value == pytest.approx(figures.score)
        error = found.error(i)
        assert error.value == pytest.approx(figures.output_error)
        assert error.low < error.value < error.high
        if task in ("regression", "image"):
            assert found.agreement(i) is None and found.agreed is None
        else:
            share = found.agreement(i)
            assert share.value == pytest.approx(figures.agreement)
            assert 0 <= share.low <= share.value <= share.high <= 1
        score = found.score(i)
        known = task != "regression"  # that R² is no sum over samples
        assert math.isnan(score.low) != known
        assert not known or score.low < score.value < score.high


def test_intervals_of_places_are_over_samples_and_not_over_places():
    model, snn, x, y = task_networks.network("places")
    y = np.where(np.arange(8)[:, None] < np.arange(40)[:, None, None] % 9, y, 255)
    (found,) = measured(model, snn, (x, y)).outputs
    ann, snn_outputs = outputs_of("places")
    decided, counts = snn_outputs[-1].argmax(-1), y != 255
    right = ((decided == y) & counts).sum((1, 2))
    assert found.score(1) == pytest.approx(ratio(right, counts.sum((1, 2))))
    same = (decided == ann.argmax(-1)).mean((1, 2))
    assert found.agreement(1) == pytest.approx(mean(same))
    assert found.score(1).value == right.sum() / counts.sum()


def test_f1_has_the_interval_of_a_ratio_and_psnr_that_of_a_mean():
    y = task_networks.network("multilabel")[3]
    (found,) = measured_of("multilabel").outputs
    _, outputs = outputs_of("multilabel")
    said = outputs[-1] >= 0.5
    f1 = ratio(2 * (said & (y == 1)).sum(1), said.sum(1) + y.sum(1))
    assert found.score(1) == pytest.approx(f1)
    y = task_networks.network("image")[3]
    (found,) = measured_of("image").outputs
    _, outputs = outputs_of("image")
    psnr = -10 * np.log10(((outputs[-1] - y) ** 2).mean((1, 2, 3)))
    assert found.score(1) == pytest.approx(mean(psnr), rel=1e-4)


def test_neighbours_have_the_interval_of_the_samples_that_are_compared():
    y = task_networks.network("embedding")[3]
    (found,) = measured_of("embedding").outputs
    vectors = outputs_of("embedding")[1][-1]
    cosines = vectors @ vectors.T - 3 * np.eye(len(y))
    right = int(np.sum(y[cosines.argmax(1)] == y))
    assert found.score(1) == wilson(right, len(y))


@pytest.mark.parametrize("task", task_networks.TASKS)
@pytest.mark.parametrize("batch_size", [3, 40])
def test_the_samples_that_differ_most_are_kept(task, batch_size):
    _, _, x, y = task_networks.network(task)
    (found,) = measured_of(task, batch_size).outputs
    ann, outputs = outputs_of(task)
    if task in ("regression", "image"):
        squares = (outputs[-1] - ann) ** 2
        difference = np.sqrt(squares.reshape(len(x), -1).mean(1))
    elif task == "embedding":
        difference = 1 - (outputs[-1] * ann).sum(1)
    else:
        decide = {
            "binary": lambda v: v >= 0.5,
            "multilabel": lambda v: v >= 0.5,
        }.get(task, lambda v: v.argmax(-1, keepdims=True))
        other = decide(outputs[-1]) != decide(ann)
        difference = other.reshape(len(x), -1).mean(1)
    order = np.argsort(-difference, kind="stable")[:SHOWN]
    order = [i for i in order if difference[i] > 0]
    kept = [sample.number for sample in found.differing]
    if task in ("regression", "image", "embedding"):
        assert set(kept) == set(order) and len(kept) == SHOWN
    else:
        assert kept == order and found.different == np.count_nonzero(difference)
    for sample in found.differing:
        assert np.array_equal(sample.x[0], x[sample.number])
        assert np.array_equal(sample.label, np.asarray(y)[sample.number])
        assert sample.difference == pytest.approx(difference[sample.number], abs=1e-5)


def test_memory_does_not_grow_with_the_size_of_an_output():
    """A number for each sample, row and figure; 12 samples whole."""
    (found,) = measured_of("places").outputs
    assert found.agreed.shape == (2, 40) and found.parts.shape == (2, 2, 40)
    assert found.ann_parts.shape == (2, 40) and found.drawn is None
    assert {sample.snn.shape for sample in found.differing} == {(8, 8)}  # decisions
    (found,) = measured_of("regression").outputs
    ann, outputs = outputs_of("regression")
    assert found.drawn[0] == pytest.approx(ann, abs=1e-5)
    assert found.drawn[1] == pytest.approx(outputs[-1], abs=1e-5)


def test_tables_have_a_row_for_each_step_and_the_ann():
    model, snn, x, y = task_networks.network("image")
    found = measured_of("image")
    (shown,) = shown_outputs(found)
    header, rows = shown.table
    assert header[:5] == (
        "T",
        "PSNR",
        "PSNR, 95 %",
        "output error",
        "output error, 95 %",
    )
    assert [row[0] for row in rows] == ["1", "2", "ANN"]
    expected = evaluate(snn, (x, y), ann=model, timesteps=[2])
    assert rows[1][1] == f"{expected.rows[0].score:.2f} dB"
    assert rows[2][1] == f"{expected.ann_score:.2f} dB"
    ssim = expected.rows[0].scores["ssim"]
    assert rows[1][header.index("ssim")] == f"{ssim:.4f}"
    assert shown.scatters == [] and not shown.name
    for sample in shown.samples:
        assert [image.of for image in sample.pictures] == [
            "input",
            "label",
            "ANN",
            "SNN",
        ]
        assert sample.said == () and sample.apart.startswith("apart by 0.")


def test_key_figures_are_called_by_their_task():
    names = {
        task: [name for name, *_ in key_figures(measured_of(task))]
        for task in ("classification", "multilabel", "regression", "image")
    }
    near = ["Agreement", "Output error"]
    assert names["classification"] == ["SNN accuracy", "ANN accuracy", *near]
    assert names["multilabel"] == ["SNN F1", "ANN F1", *near]
    assert names["regression"] == ["SNN R²", "ANN R²", "Output error"]
    assert names["image"] == ["SNN PSNR", "ANN PSNR", "Output error"]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["regression", "image"])
def test_a_page_of_numbers_speaks_neither_of_accuracy_nor_of_agreement(task):
    model, snn, x, y = task_networks.network(task)
    page = report_page(model, snn, (x, y))
    text = re.sub(r"<style>.*?</style>|<pre>.*?</pre>", "", page, flags=re.DOTALL)
    assert not re.search("accura|agree|classes are|top class", text, re.IGNORECASE)
    assert f"Judged as {task}." in text
    assert "samples with the largest errors" in text
    assert ('id="figure-outputs-0-1"' in text) == (task == "regression")
    assert len(set(re.findall(r'alt="Sample \d+, SNN"', text))) == (
        SHOWN if task == "image" else 0
    )


@pytest.mark.slow
def test_a_page_of_two_outputs_has_a_table_of_each():
    model, snn, x, y = task_networks.two_outputs()
    page = report_page(model, snn, (x, y), task={"size": "regression"})
    assert "Judged as size: regression, kind: classification." in page
    assert "<h3>size, judged as regression</h3>" in page
    assert "<dt>kind: Agreement</dt>" in page and "<dt>size: Agreement" not in page
    found = evaluate(snn, (x, y), ann=model, timesteps=[2])
    size, kind = (output.figures[0] for output in found.outputs)
    assert f"<td>{size.score:.4f}</td>" in page
    assert f"<td>{100 * kind.agreement:.2f} %</td>" in page
    identifiers = re.findall(r'\bid="([^"]*)"', page)
    assert len(set(identifiers)) == len(identifiers)
