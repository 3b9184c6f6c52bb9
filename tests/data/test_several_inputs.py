"""Data for models with several inputs: every form gives the same dicts of arrays."""

import numpy as np
import pytest
import tensorflow as tf
from samples import CLASSES, PIXELS, SCALED, SHAPE, npz

from tfsnn.data import open_data
from tfsnn.errors import DataError, OptionError

INPUTS = {"pixels": SHAPE, "ages": (2,), "grid": (3, 1)}
AGES = np.random.default_rng(1).normal(size=(10, 2))
GRID = np.random.default_rng(2).integers(0, 2, (10, 3)).astype(bool)  # no channel axis
GIVEN = {"pixels": PIXELS, "ages": AGES, "grid": GRID}
EXPECTED = {
    "pixels": SCALED,
    "ages": AGES.astype(np.float32),
    "grid": GRID[..., None].astype(np.float32),
}
BACKWARDS = dict(reversed(GIVEN.items()))
slices = tf.data.Dataset.from_tensor_slices


def sources(tmp_path):
    """The same ten samples; the last forms hold no labels."""
    arrays = list(GIVEN.values())
    return {
        "npz": npz(tmp_path / "a.npz", y=CLASSES, other=AGES, **BACKWARDS),
        "compressed": npz(tmp_path / "c.npz", True, y=CLASSES, **GIVEN),
        "dict, y": (BACKWARDS, CLASSES),
        "list, y": (arrays, CLASSES),
        "tuple, y": (tuple(arrays), list(CLASSES)),
        "tensors": ({key: tf.constant(a) for key, a in GIVEN.items()}, CLASSES),
        "dataset of dict, y": slices((BACKWARDS, CLASSES)).batch(3),
        "dataset of tuple, y": slices((tuple(arrays), CLASSES)).batch(3),
        "data": open_data((GIVEN, CLASSES), INPUTS),
        "npz only": npz(tmp_path / "only.npz", **GIVEN),
        "dict": BACKWARDS,
        "dict, None": (GIVEN, None),
        "list": arrays,
        "tuple": tuple(arrays),
        "dataset of dict": slices(BACKWARDS).batch(3),
        "dataset of tuple": slices(tuple(arrays)).batch(3),
    }


LABELLED = [
    "npz",
    "compressed",
    "dict, y",
    "list, y",
    "tuple, y",
    "tensors",
    "dataset of dict, y",
    "dataset of tuple, y",
    "data",
]
UNLABELLED = [
    "npz only",
    "dict",
    "dict, None",
    "list",
    "tuple",
    "dataset of dict",
    "dataset of tuple",
]


def collect(data, batch_size=4):
    batches = list(data.batches(batch_size))
    for x, y in batches:
        assert {key: a.shape[1:] for key, a in x.items()} == data.input_shape
        assert {len(a) for a in x.values()} == {len(next(iter(x.values())))}
        assert {a.dtype for a in x.values()} == {np.dtype(np.float32)}
        assert y is None or len(y) == len(next(iter(x.values())))
    x = {key: np.concatenate([x[key] for x, _ in batches]) for key in batches[0][0]}
    ys = [y for _, y in batches if y is not None]
    return x, np.concatenate(ys) if ys else None


def check(x, expected=EXPECTED, inputs=INPUTS):
    assert list(x) == list(inputs)
    for key in x:
        np.testing.assert_array_equal(x[key], expected[key])


@pytest.mark.parametrize("form", LABELLED + UNLABELLED)
def test_all_forms_agree_and_can_be_read_again(tmp_path, form):
    spec, labelled = sources(tmp_path)[form], form in LABELLED
    data = open_data(spec, INPUTS)
    assert data.size == (None if form.startswith("dataset") else 10)
    assert data.has_labels == labelled
    for batch_size in (4, 10, 64):
        x, y = collect(data, batch_size)
        check(x)
        assert (y == CLASSES).all() if labelled else y is None
    if not labelled:
        with pytest.raises(DataError, match="labels"):
            open_data(spec, INPUTS, labels=True)


@pytest.mark.parametrize("form", LABELLED)
@pytest.mark.parametrize("limit", [1, 4, 7, 99])
def test_limit(tmp_path, form, limit):
    data = open_data(sources(tmp_path)[form], INPUTS, limit=limit)
    x, y = collect(data)
    check(x, {key: a[:limit] for key, a in EXPECTED.items()})
    np.testing.assert_array_equal(y, CLASSES[:limit])
    assert data.size in (None, min(limit, 10))


def test_values_of_each_input_go_by_its_type():
    tokens = np.arange(20).reshape(10, 2)
    given = GIVEN | {"ages": tokens}
    with pytest.raises(DataError, match=r"input 'ages' of the arrays.*int64.*raw=True"):
        open_data(given, INPUTS)
    x, _ = collect(open_data(given, INPUTS, raw=True))
    check(x, EXPECTED | {"ages": tokens, "pixels": PIXELS})
    x, _ = collect(open_data(given | {"ages": tokens.astype(np.float32)}, INPUTS))
    check(x, EXPECTED | {"ages": tokens})


def test_opened_data_is_opened_again_in_another_order():
    data = open_data((GIVEN, CLASSES), INPUTS)
    backwards = dict(reversed(INPUTS.items()))
    for again in (data, [GIVEN[key] for key in backwards]):
        check(collect(open_data(again, backwards))[0], inputs=backwards)
    check(collect(data)[0])
    for other in (INPUTS | {"ages": (3,)}, {"pixels": SHAPE, "ages": (2,)}, SHAPE):
        with pytest.raises(DataError, match=r"was opened for inputs of shape \{"):
            open_data(data, other)


@pytest.mark.parametrize("name", ["pixels", "x", "y"])
def test_a_mapping_of_one_is_a_single_input(tmp_path, name):
    one = {name: list(SHAPE)}
    specs = [
        (PIXELS, CLASSES),
        slices((PIXELS, CLASSES)).batch(3),
        open_data((PIXELS, CLASSES), SHAPE),
        npz(tmp_path / "x.npz", x=PIXELS, **({} if name == "y" else {"y": CLASSES})),
    ]
    if name == "pixels":
        specs.append(npz(tmp_path / "n.npz", pixels=PIXELS, x=CLASSES, y=CLASSES))
    for spec in specs:
        data = open_data(spec, one)
        assert data.input_shape == SHAPE
        ((x, y),) = data.batches(10)
        np.testing.assert_array_equal(x, SCALED)
        assert not data.has_labels or (y == CLASSES).all()
        assert open_data(data, SHAPE) == data
    (tmp_path / "folder" / "a").mkdir(parents=True)
    image = tf.io.encode_png(PIXELS[0]).numpy()
    (tmp_path / "folder" / "a" / "0.png").write_bytes(image)
    ((x, y),) = open_data(tmp_path / "folder", one).batches(10)
    np.testing.assert_array_equal(x, SCALED[:1])


def test_an_input_that_is_called_y_is_no_label(tmp_path):
    inputs = {"x": (2,), "y": (2,)}
    data = open_data(npz(tmp_path / "a.npz", x=AGES, y=-AGES), inputs)
    x, y = collect(data)
    check(x, {"x": AGES.astype(np.float32), "y": -AGES.astype(np.float32)}, inputs)
    assert y is None and not data.has_labels


def without(key):
    return {name: a for name, a in GIVEN.items() if name != key}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (PIXELS, r"the array: one input given, the model takes 3: pixels, ages, grid"),
        (
            without("ages"),
            r"inputs named pixels, grid given, .* takes 3: pixels, ages, grid",
        ),
        (
            GIVEN | {"y": CLASSES},
            r"inputs named pixels, ages, grid, y given, .*\(inputs, y\)",
        ),
        ({}, r"inputs named \(none\) given"),
        ([PIXELS, AGES], r"the arrays: 2 inputs given, the model takes 3"),
        ([PIXELS, AGES, GRID, AGES], r"4 inputs given, the model takes 3"),
        ((PIXELS, CLASSES), r"2 inputs given, the model takes 3"),
        ((GIVEN, CLASSES, AGES), r"followed by 2 more; give x or \(x, labels\)"),
        (slices((PIXELS, CLASSES)).batch(3), r"Dataset: 2 inputs given, .* takes 3"),
        (slices(PIXELS).batch(3), r"Dataset: one input given, the model takes 3"),
        (slices(without("ages")).batch(3), r"Dataset: inputs named pixels, grid"),
        (slices((GIVEN, CLASSES, CLASSES)).batch(3), r"batches of x or of \(x, y\)"),
        (slices(GIVEN), r"input 'pixels' .* shape \(4, 4, 3\)"),
        (slices(GIVEN | {"ages": GIVEN}).batch(3), r"batches of x or of \(x, y\)"),
        (slices(GIVEN | {"ages": GRID}).batch(3), r"input 'ages' .* \(None, 3\)"),
        (GIVEN | {"ages": AGES[:, 0]}, r"input 'ages' of the arrays has shape \(10,\)"),
        (GIVEN | {"ages": AGES.astype(str)}, r"input 'ages' .* of type <U"),
        (GIVEN | {"ages": AGES[:9]}, r"'pixels' 10, input 'ages' 9, input 'grid' 10"),
        ((GIVEN, CLASSES[:9]), r"input 'pixels' has 10 samples but y .* \(9,\)"),
        ({key: a[:0] for key, a in GIVEN.items()}, "no samples"),
    ],
)
def test_refused_on_opening(given, message):
    with pytest.raises(DataError, match=message):
        open_data(given, INPUTS)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": PIXELS, "y": CLASSES}, r"no array pixels, ages, grid, only x, y; write"),
        (without("grid"), r"no array grid, only pixels, ages; .* ages=\.\.\., grid="),
        (GIVEN | {"ages": AGES[:9]}, r"'pixels' 10, input 'ages' 9, input 'grid' 10"),
        (GIVEN | {"grid": AGES}, r"input 'grid' of .*bad\.npz has shape \(10, 2\)"),
        (GIVEN | {"grid": GRID.astype(object)}, r"grid is an array of Python objects"),
    ],
)
def test_npz_files_that_are_refused(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message) as caught:
        open_data(npz(tmp_path / "bad.npz", **arrays), INPUTS)
    assert "bad.npz" in str(caught.value)


def test_forms_of_only_one_input_are_refused(tmp_path):
    for spec in (tmp_path, "tfds:mnist:test"):
        with pytest.raises(DataError, match=r"gives one input, the model takes 3: pix"):
            open_data(spec, INPUTS)
    with pytest.raises(OptionError, match="dict of arrays by name"):
        open_data(3, INPUTS)
    for one in (SHAPE, {"pixels": SHAPE}):
        with pytest.raises(OptionError, match="class 'dict'"):
            open_data({"pixels": PIXELS}, one)
    with pytest.raises(OptionError, match="names no input"):
        open_data(PIXELS, {})


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("as_dataset", [True, False])
def test_values_that_are_not_finite_name_their_input(labelled, as_dataset):
    ages = AGES.copy()
    ages[6, 1] = np.nan
    given = GIVEN | {"ages": ages}
    spec = (given, CLASSES) if labelled else given
    data = open_data(slices(spec).batch(5) if as_dataset else spec, INPUTS)
    with pytest.raises(DataError, match=r"input 'ages' of the .* in sample 6,"):
        collect(data)


def test_a_dataset_whose_batches_differ_in_size():
    def batches():
        yield np.zeros((4, 2), np.float32), np.zeros((3, 2), np.float32)

    spec = tf.TensorSpec((None, 2), tf.float32)
    ds = tf.data.Dataset.from_generator(batches, output_signature=(spec, spec))
    data = open_data(ds, {"a": (2,), "b": (2,)})
    with pytest.raises(DataError, match=r"cannot be read.*same batch size"):
        list(data.batches(4))
