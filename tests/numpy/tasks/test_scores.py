"""Each task's scores against the same figures computed in another way."""

import itertools

import numpy as np
import pytest

from tfsnn_numpy.tasks import TASKS, Output, Tally
from tfsnn_numpy.tasks.image import Image, ssim


def figures(task, outputs, labels=None, reference=None, parts=3):
    """The figures of a task, whose samples come in several batches."""
    labelled, compared = labels is not None, reference is not None
    tally = Tally(task, labelled=labelled, compared=compared)
    for rows in np.array_split(np.arange(len(outputs)), parts):
        given = (None if a is None else a[rows] for a in (labels, reference))
        tally.add(outputs[rows], *given)
    return tally.figures()


def test_accuracy(rng):
    task = TASKS["classification"](Output("y", (4,), "softmax"))
    outputs, ann = rng.random((2, 50, 4))
    labels = task.read(rng.integers(0, 4, 50), "y")
    found = figures(task, outputs, labels, ann)
    top = [max(range(4), key=row.__getitem__) for row in outputs.tolist()]
    theirs = [max(range(4), key=row.__getitem__) for row in ann.tolist()]
    assert found.score == sum(map(int.__eq__, top, labels.tolist())) / 50
    assert found.agreement == sum(map(int.__eq__, top, theirs)) / 50
    assert found.scores == {"accuracy": found.score}


@pytest.mark.parametrize("head", ["sigmoid", "linear"])
def test_yes_or_no(head, rng):
    task = TASKS["binary"](Output("y", (1,), head))
    y = rng.integers(0, 2, 80)
    logits = rng.normal(0, 2, 80) + 2 * y
    logits[:7] = 0.25  # ties
    outputs = logits if head == "linear" else 1 / (1 + np.exp(-logits))
    found = figures(task, outputs[:, None], task.read(y, "y"))
    right = (logits >= 0) == y
    assert found.score == right.mean()
    shares = [right[y == k].mean() for k in (0, 1)]
    assert found.scores["balanced_accuracy"] == pytest.approx(np.mean(shares))
    pairs = itertools.product(logits[y == 1], logits[y == 0])
    auc = np.mean([1.0 if a > b else 0.5 * (a == b) for a, b in pairs])
    assert found.scores["auc"] == pytest.approx(auc, abs=1e-3)


def test_of_one_label_alone_there_is_no_area():
    task = TASKS["binary"](Output("y", (1,), "sigmoid"))
    found = figures(task, np.full((6, 1), 0.75), np.ones(6, int))
    assert found.scores == {"accuracy": 1.0}


def test_several_labels(rng):
    task = TASKS["multilabel"](Output("y", (5,), "sigmoid"))
    outputs, y = rng.random((40, 5)), rng.integers(0, 2, (40, 5))
    found = figures(task, outputs, task.read(y, "y"), outputs[::-1])
    said = outputs >= 0.5
    hits, alarms, misses = (said & (y == 1)).sum(), (said > y).sum(), (said < y).sum()
    precision, recall = hits / (hits + alarms), hits / (hits + misses)
    f1 = 2 * precision * recall / (precision + recall)
    assert found.score == found.scores["f1"] == pytest.approx(f1)
    assert found.scores["exact_match"] == np.mean([all(r) for r in said == y])
    assert found.agreement == pytest.approx(np.mean(said == said[::-1]))


def test_numbers(rng):
    task = TASKS["regression"](Output("y", (3,)))
    y = rng.normal(0, (1, 10, 100), (30, 3)) + 1000
    outputs = y + rng.normal(0, (0.5, 1, 20), (30, 3))
    found = figures(task, outputs, task.read(y, "y"), y)
    r2 = [
        1 - np.sum((o - t) ** 2) / np.sum((t - t.mean()) ** 2)
        for o, t in zip(outputs.T, y.T, strict=True)
    ]
    assert found.score == pytest.approx(np.mean(r2))
    assert found.scores["mae"] == pytest.approx(np.abs(outputs - y).mean())
    assert found.agreement is None
    ratios = ((outputs - y) ** 2).mean(0) / y.var(0)  # each unit by itself
    assert found.output_error == pytest.approx(np.sqrt(ratios.mean()))


def test_a_label_that_does_not_vary_has_no_share_explained():
    task = TASKS["regression"](Output("y", (1,)))
    found = figures(task, np.array([[1.0], [2.0]]), np.full((2, 1), 1.5), parts=1)
    assert found.score is None and found.scores == {"mae": 0.5}


@pytest.mark.parametrize("channels", [1, 4])
def test_places(channels, rng):
    shape = (3, 5, channels)
    task = TASKS["places"](Output("y", shape, "softmax" if channels > 1 else "sigmoid"))
    classes = max(channels, 2)
    outputs, y = rng.random((20, *shape)), rng.integers(0, classes, (20, 3, 5))
    if channels > 1:
        y[rng.random(y.shape) < 0.2] = 255
    found = figures(task, outputs, task.read(y.astype(np.uint8), "y"), outputs[::-1])
    said = outputs.argmax(-1) if channels > 1 else (outputs[..., 0] >= 0.5)
    pairs = [(a, b) for a, b in zip(said.ravel(), y.ravel(), strict=True) if b != 255]
    assert found.score == pytest.approx(np.mean([a == b for a, b in pairs]))
    overlaps = []
    for k in range(classes):
        both = sum(a == b == k for a, b in pairs)
        either = sum(k in (a, b) for a, b in pairs)
        overlaps.append(both / either)
    assert found.scores["mean_iou"] == pytest.approx(np.mean(overlaps))
    assert found.agreement == pytest.approx(np.mean(said == said[::-1]))


def test_pictures(rng):
    tf = pytest.importorskip("tensorflow")
    y = rng.random((6, 16, 15, 3))
    outputs = y + rng.normal(0, 0.1, y.shape)
    task = Image.of(Output("y", y.shape[1:]), y)
    assert task.peak == 1
    found = figures(task, outputs, task.read(y, "y"))
    given = tf.constant(outputs), tf.constant(y)
    assert found.score == pytest.approx(
        float(tf.reduce_mean(tf.image.psnr(*given, 1.0)))
    )
    expected = tf.image.ssim(*given, 1.0)
    np.testing.assert_allclose(ssim(outputs, y, 1.0), expected, atol=1e-5)
    assert found.scores["ssim"] == pytest.approx(float(tf.reduce_mean(expected)))
    assert ssim(y, y, 1.0).tolist() == [1.0] * 6


@pytest.mark.parametrize(
    ("high", "low", "peak"), [(1, 0, 1), (1, -1, 2), (255, 0, 255)]
)
def test_the_range_of_pictures_is_that_of_their_labels(high, low, peak):
    y = np.array([low, high]).reshape(1, 2, 1, 1).repeat(2, 2)
    assert Image.of(Output("y", (2, 2, 1)), y).peak == peak
    sigmoid = Image.of(Output("y", (2, 2, 1), "sigmoid"), y)
    assert sigmoid.peak == 1 and (sigmoid.read(y, "y") == y).all()


def test_8_bit_labels_of_shares_are_divided_by_255(rng):
    y = rng.integers(0, 256, (5, 4, 4, 3), np.uint8)
    task = Image.of(Output("y", (4, 4, 3), "sigmoid"), y)
    found = figures(task, y / 255 + 0.1, task.read(y, "y"))
    assert task.peak == 1 and found.score == pytest.approx(20.0)


def test_embeddings(rng):
    task = TASKS["embedding"](Output("y", (6,), "unit_norm"))
    ann = rng.normal(size=(40, 6))
    outputs, y = ann + rng.normal(0, 0.5, ann.shape), rng.integers(0, 3, 40)
    found = figures(task, outputs, task.read(y, "y"), ann)

    def cosine(a, b):
        return a @ b / np.sqrt((a @ a) * (b @ b))

    def nearest(vectors, i):
        return max(
            (j for j in range(40) if j != i),
            key=lambda j: cosine(vectors[i], vectors[j]),
        )

    ours, theirs = ([nearest(v, i) for i in range(40)] for v in (outputs, ann))
    assert found.agreement == np.mean(
        [a == b for a, b in zip(ours, theirs, strict=True)]
    )
    assert found.score == np.mean([y[j] == y[i] for i, j in enumerate(ours)])
    assert found.scores["cosine"] == pytest.approx(
        np.mean([cosine(a, b) for a, b in zip(outputs, ann, strict=True)])
    )
    pairs = list(itertools.combinations(range(40), 2))
    cosines = [[cosine(v[i], v[j]) for i, j in pairs] for v in (outputs, ann)]
    ranks = [np.argsort(np.argsort(values)) for values in cosines]
    expected = np.corrcoef(*ranks)[0, 1]
    assert found.scores["rank_correlation"] == pytest.approx(expected)


def test_the_error_is_over_the_deviation_of_the_outputs(rng):
    task = TASKS["classification"](Output("y", (4,)))
    ann = rng.normal(3, 2, (200, 4))
    outputs = ann + rng.normal(0, 0.5, ann.shape)
    found = figures(task, outputs, reference=ann)
    error = np.sqrt(((outputs - ann) ** 2).mean(0).sum() / ann.var(0).sum())
    assert found.output_error == pytest.approx(error)
    # The bootstrap's deviation of the same figure.
    draws = []
    for _ in range(300):
        rows = rng.integers(0, 200, 200)
        square = ((outputs[rows] - ann[rows]) ** 2).mean(0).sum()
        draws.append(np.sqrt(square / ann.var(0).sum()))
    assert found.error_deviation == pytest.approx(np.std(draws), rel=0.3)


def test_what_does_not_vary_has_no_error():
    task = TASKS["regression"](Output("y", (2,)))
    found = figures(task, np.zeros((9, 2)), reference=np.full((9, 2), 3.25))
    assert found.output_error is None and found.score is None


def test_equal_outputs_have_no_error(rng):
    task = TASKS["regression"](Output("y", (2,)))
    outputs = rng.normal(size=(9, 2))
    found = figures(task, outputs, reference=outputs)
    assert found.output_error == found.error_deviation == 0.0


@pytest.mark.parametrize("name", [name for name in TASKS if name != "embedding"])
def test_sums_of_processes_are_those_of_one(name, rng):
    shape = {"binary": (1,), "places": (4, 3, 5), "image": (6, 6, 1)}.get(name, (5,))
    task = TASKS[name](Output("y", shape, "sigmoid"))
    outputs, ann = rng.random((2, 30, *shape))
    labels = rng.integers(0, 2, (30, *task.label_shape))
    whole = figures(task, outputs, labels, ann)
    parts = []
    for rows in (slice(0, 11), slice(11, None), slice(30, None)):  # one has nothing
        part = Tally(task, labelled=True, compared=True)
        if rows.start < 30:
            part.add(outputs[rows], labels[rows], ann[rows])
        parts.append(part.vector())
        assert len(parts[-1]) == part.size
    merged = Tally(task, labelled=True, compared=True)
    merged.set(np.sum(parts, 0))
    found = merged.figures()
    assert found.scores == pytest.approx(whole.scores)
    assert found.output_error == pytest.approx(whole.output_error)
    assert found.agreement == (whole.agreement and pytest.approx(whole.agreement))
