"""Which task an output has, what labels it takes, and what it refuses."""

import numpy as np
import pytest

from tfsnn_numpy.errors import DataError, OptionError
from tfsnn_numpy.tasks import TASKS, Output, find_tasks, told_tasks

N = 12
CLASSES = np.arange(N) % 3
ONE_HOT = np.eye(3)[CLASSES]
YES = np.arange(N) % 2
SEVERAL = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]] * 4)
FLOATS = np.linspace(-2, 3, N)
ROWS = np.linspace(-2, 3, 3 * N).reshape(N, 3)
MASKS = np.arange(16 * N).reshape(N, 4, 4) % 3
PICTURES = np.linspace(0, 1, 48 * N).reshape(N, 4, 4, 3)
VECTOR, ONE, MAP, MASK, PICTURE = (3,), (1,), (4, 4, 5), (4, 4, 1), (4, 4, 3)


@pytest.mark.parametrize(
    ("shape", "head", "y", "task"),
    [
        (VECTOR, "softmax", None, "classification"),
        (VECTOR, "linear", None, "classification"),
        (VECTOR, "softmax", CLASSES, "classification"),
        (VECTOR, "linear", CLASSES[:, None], "classification"),
        (VECTOR, "linear", CLASSES.astype(float), "classification"),
        (VECTOR, "softmax", ONE_HOT, "classification"),
        (VECTOR, "sigmoid", ONE_HOT.astype(int), "classification"),
        (VECTOR, "sigmoid", CLASSES, "classification"),
        ((1, 1, 3), "softmax", CLASSES, "classification"),
        (VECTOR, "sigmoid", None, "multilabel"),
        (VECTOR, "sigmoid", SEVERAL, "multilabel"),
        (VECTOR, "linear", SEVERAL.astype(bool), "multilabel"),
        (VECTOR, "linear", ROWS, "regression"),
        (VECTOR, "tanh", None, "regression"),
        (ONE, "sigmoid", None, "binary"),
        (ONE, "sigmoid", YES, "binary"),
        (ONE, "sigmoid", YES[:, None].astype(bool), "binary"),
        (ONE, "sigmoid", YES.astype(float), "binary"),
        (ONE, "linear", YES, "binary"),
        (ONE, "linear", YES.astype(float), "binary"),
        (ONE, "linear", None, "regression"),
        (ONE, "linear", FLOATS, "regression"),
        (ONE, "linear", CLASSES, "regression"),  # counts
        (ONE, "linear", np.zeros(N), "regression"),  # perhaps 1.5 comes later
        (ONE, "relu", FLOATS[:, None], "regression"),
        (ONE, "sigmoid", np.linspace(0, 1, N), "regression"),
        ((7, 1), "linear", None, "regression"),
        (MAP, "softmax", None, "places"),
        (MAP, "linear", MASKS, "places"),
        (MAP, "softmax", MASKS[..., None].astype(np.uint8), "places"),
        (MAP, "softmax", np.eye(5)[MASKS], "places"),
        ((4, 5), "softmax", MASKS[:, :, 0], "places"),  # tokens
        (MASK, "sigmoid", None, "places"),
        (MASK, "sigmoid", 255 * (MASKS > 0).astype(np.uint8), "places"),
        (MASK, "linear", MASKS > 0, "places"),
        (PICTURE, "linear", None, "image"),
        (PICTURE, "sigmoid", PICTURES, "image"),
        (PICTURE, "linear", (255 * PICTURES).astype(np.uint8), "image"),
        (MASK, "sigmoid", PICTURES[..., :1], "image"),
        (VECTOR, "unit_norm", None, "embedding"),
        (VECTOR, "unit_norm", CLASSES, "embedding"),
    ],
)
def test_a_task_is_found_from_head_shape_and_labels(shape, head, y, task):
    (found,) = find_tasks([Output("y", shape, head)], y)
    assert found.name == task
    if y is not None:
        labels = found.read(y, "y")
        assert labels.shape == (N, *found.label_shape)
        # Of the last two thirds alone it would be read in the same way.
        np.testing.assert_array_equal(found.read(y[4:], "y", 4), labels[4:])


def test_an_output_as_large_as_an_input_is_a_picture_without_labels():
    alike = Output("y", MASK, "sigmoid", like_input=True)
    assert find_tasks([alike])[0].name == "image"
    assert find_tasks([alike], (MASKS > 0).astype(int))[0].name == "places"


def test_a_hint_decides_where_there_is_a_choice_alone():
    output, hints = Output("y", VECTOR), {"y": ("places", "regression")}
    assert find_tasks([output], hints=hints)[0].name == "regression"
    assert find_tasks([output], ROWS, hints={"y": ("classification",)})[0].name == (
        "regression"
    )
    logit, said = Output("y", ONE), {"y": ("binary", "multilabel")}
    assert find_tasks([logit], hints=said)[0].name == "binary"
    assert find_tasks([logit], FLOATS, hints=said)[0].name == "regression"
    (found,) = find_tasks([output], None, "embedding", hints=hints)
    assert found.name == "embedding"


def test_several_outputs_have_labels_by_name_or_number():
    outputs = [Output("a", ONE), Output("b", VECTOR, "softmax")]
    for y in ({"b": CLASSES, "a": FLOATS}, {0: FLOATS, 1: CLASSES}):
        assert [t.name for t in find_tasks(outputs, y)] == [
            "regression",
            "classification",
        ]
    assert [t.name for t in find_tasks(outputs, YES)] == ["binary", "classification"]
    wanted = {"a": "regression"}
    found = find_tasks(outputs, {"b": CLASSES}, wanted)
    assert [t.name for t in found] == ["regression", "classification"]
    with pytest.raises(
        DataError, match="labels for 'c', but the network's outputs are"
    ):
        find_tasks(outputs, {"c": CLASSES})
    with pytest.raises(DataError, match="labels for 2, but"):
        find_tasks(outputs, {2: CLASSES})


def test_tasks_and_outputs_that_do_not_exist_are_refused():
    outputs = [Output("a", ONE), Output("b", VECTOR)]
    with pytest.raises(OptionError, match="task='classes'; expected one of embedding"):
        find_tasks(outputs, wanted="classes")
    with pytest.raises(
        OptionError, match="task of 'c': the network's outputs are a, b"
    ):
        find_tasks(outputs, wanted={"c": "binary"})


def test_labels_that_fit_no_task_are_refused_with_what_each_takes():
    y = np.zeros((600, 7))
    with pytest.raises(DataError) as caught:
        find_tasks([Output("scores", VECTOR)], y, where="y of test.npz")
    message = str(caught.value)
    assert message.startswith(
        "y of test.npz is of shape (N, 7) and type float64, which are no labels for "
        "the output scores of shape (3,)."
    )
    for task in TASKS.values():
        assert f"{task.name}: {task.expects}" in message
    assert told_tasks([Output("scores", VECTOR)], y) == {}


def test_only_labels_and_hints_tell_a_task_that_is_kept():
    """Head and shape alone would keep a logit a regression when 0 and 1 come later."""
    outputs = [Output("a", (1,)), Output("b", (1,))]
    assert told_tasks(outputs) == {}
    assert told_tasks(outputs, {"b": np.arange(4) % 2}) == {"b": "binary"}
    assert told_tasks(outputs, None, {"a": ("regression",)}) == {"a": "regression"}


@pytest.mark.parametrize(
    ("task", "shape", "y", "message"),
    [
        (
            "classification",
            VECTOR,
            [0, 3],
            r"label 3, which is out of range: .* 0 to 2",
        ),
        ("classification", VECTOR, [0.5, 1], r"y is 0.5 in sample 40"),
        ("classification", VECTOR, [1, -1], r"y is -1 in sample 41"),
        ("classification", VECTOR, [[1, 0, 0], [1, 1, 0]], r"\[1 1 0\] in sample 41"),
        (
            "classification",
            VECTOR,
            [[1, 0], [0, 1]],
            r"of shape \(N, 2\) .* judged as cl",
        ),
        ("classification", VECTOR, ["a", "b"], r"type <U1, .* give class numbers"),
        ("binary", ONE, [0, 2], r"y is 2 in sample 41"),
        ("binary", ONE, [[0, 1], [1, 0]], r"shape \(N, 2\)"),
        ("multilabel", VECTOR, [[0, 1, 1], [0, 3, 0]], r"\[0 3 0\] in sample 41"),
        ("multilabel", VECTOR, [0, 1], r"shape \(N,\) .* a row of zeros and ones"),
        ("regression", VECTOR, [[0, 1, 2], [np.nan, 0, 0]], "sample 41"),
        ("regression", VECTOR, [0.5, 1], "judged as regression: give numbers of the"),
        ("places", (2, 3), [[0, 1], [0, 3]], r"up to \[0, 3\] in sample 41"),
        ("places", (2, 3), [[0, 1.5], [0, 2]], r"in sample 40"),
        ("places", (2, 3), [[0], [1]], "a class number for each place"),
        ("image", (2, 2, 1), [[0, 1], [1, 0]], "judged as image: give a picture"),
        ("embedding", VECTOR, [0.5, 1], "judged as embedding"),
    ],
)
def test_labels_that_do_not_fit_a_task_are_refused(task, shape, y, message):
    with pytest.raises(DataError, match=message) as caught:
        TASKS[task](Output("y", shape)).read(np.array(y), "y", 40)
    assert "give" in str(caught.value)
