"""What each sample adds to a score, and how near two networks are, task by task."""

import numpy as np
import pytest

from tfsnn_numpy.nearness import Nearness, near_dict, near_text
from tfsnn_numpy.tasks import TASKS, Output, Tally

OUTPUTS = {
    "classification": Output("y", (4,), "softmax"),
    "binary": Output("y", (1,), "sigmoid"),
    "multilabel": Output("y", (3,), "sigmoid"),
    "places": Output("y", (2, 3, 4), "softmax"),
    "regression": Output("y", (2,)),
    "image": Output("y", (12, 12, 3)),
    "embedding": Output("y", (5,), "unit_norm"),
}
LABELS = {
    "classification": lambda rng, n: rng.integers(0, 4, n),
    "binary": lambda rng, n: rng.integers(0, 2, n),
    "multilabel": lambda rng, n: rng.integers(0, 2, (n, 3)),
    "places": lambda rng, n: rng.integers(-1, 4, (n, 2, 3)),
    "regression": lambda rng, n: rng.normal(size=(n, 2)),
    "image": lambda rng, n: rng.uniform(size=(n, 12, 12, 3)),
    "embedding": lambda rng, n: rng.integers(0, 4, n),
}


def test_every_task_is_tried():
    assert set(OUTPUTS) == set(LABELS) == set(TASKS)


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_samples_add_makes_up_the_score(name, rng):
    output, n = OUTPUTS[name], 50
    task = TASKS[name](output)
    outputs = rng.uniform(size=(n, *output.shape))
    y = task.read(LABELS[name](rng, n), "y")
    tally = Tally(task, labelled=True, compared=False)
    tally.add(outputs, y)
    found = task.of_each(outputs, y)
    if found is None:
        assert name in ("regression", "embedding")
        return
    above, below = found
    assert above.shape == below.shape == (n,)
    assert above.sum() / below.sum() == pytest.approx(tally.figures().score)
    few = task.of_each(outputs[:7], y[:7])
    assert np.array_equal(few[0], above[:7]) and np.array_equal(few[1], below[:7])


def near(name, ours, theirs):
    found = Nearness([OUTPUTS[name]], name)
    for rows in (slice(0, 3), slice(3, None)):
        found.add_outputs([ours[rows]], [theirs[rows]])
    return found.judged(), found.samples


def test_nearness_by_hand():
    """Two of three decisions in each of 4 samples; an error of 0.1 over 0.3."""
    theirs = np.array([[0.9, 0.3, 0.3], [0.3, 0.9, 0.3]] * 2)
    ours = np.array([[0.8, 0.4, 0.6], [0.4, 0.8, 0.6]] * 2)
    judged, samples = near("multilabel", ours, theirs)
    (figures,) = judged[0].figures
    error = np.sqrt((0.01 + 0.01 + 0.09) / (0.09 + 0.09))
    assert figures.agreement == pytest.approx(2 / 3) and samples == 4
    assert figures.output_error == pytest.approx(error)
    assert near_dict(judged) == {
        "task": "multilabel",
        "agreement": figures.agreement,
        "output_error": figures.output_error,
    }
    assert near_text(judged, 8, samples) == (
        "T=8: same decision in 66.67 % of the labels of 4 samples, outputs off by "
        f"{100 * error:.2f} % of their standard deviation (judged as multilabel)"
    )


def test_numbers_have_no_agreement_and_embeddings_have_neighbours(rng):
    theirs = rng.normal(size=(20, 2))
    judged, samples = near("regression", theirs + 0.1 * theirs.std(0), theirs)
    assert near_dict(judged) == {
        "task": "regression",
        "output_error": pytest.approx(0.1),
    }
    assert near_text(judged, 1, samples) == (
        "T=1: outputs off by 10.00 % of their standard deviation on 20 samples "
        "(judged as regression)"
    )
    vectors = rng.normal(size=(20, 5))
    judged, samples = near("embedding", vectors, vectors)
    found = near_dict(judged)
    assert (found["agreement"], found["output_error"]) == (1, 0)
    assert found["scores"]["cosine"] == pytest.approx(1)
    assert "same nearest neighbour in 100.00 % of 20 samples" in near_text(
        judged, 1, 20
    )


def test_of_several_outputs_there_is_a_list():
    values = [np.eye(4), np.array([[0.1, 1.0], [0.4, 0.0], [0.9, 2.0], [0.3, 4.0]])]
    outputs = [OUTPUTS["classification"], Output("z", (2,))]
    found = Nearness(outputs, {"z": "regression"})
    found.add_outputs(values, values)
    shown = near_dict(found.judged())
    assert shown["agreement"] == 1 and "output" not in shown
    assert shown["outputs"] == [
        {
            "output": "y",
            "task": "classification",
            "agreement": 1.0,
            "output_error": 0.0,
        },
        {"output": "z", "task": "regression", "output_error": 0.0},
    ]
    first, second = near_text(found.judged(), 2, 4).splitlines()
    assert first.endswith("(judged as y, classification)")
    assert second.endswith("on 4 samples (judged as z, regression)")
