"""Every form of data gives the same checked batches, and unknown forms are refused."""

import numpy as np
import pytest
import tensorflow as tf
from data_forms import FORMS, sources
from samples import CLASSES, PIXELS, SCALED, SHAPE, collect, npz

from tfsnn.data import open_data
from tfsnn.errors import DataError, OptionError


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_agree_and_can_be_read_again(tmp_path, form):
    data = open_data(sources(tmp_path)[form], SHAPE, labels=True)
    assert data.size == (None if form == "dataset" else 10)
    for batch_size in (4, 10, 64):
        x, y = collect(data, batch_size)
        np.testing.assert_array_equal(x, SCALED)
        np.testing.assert_array_equal(y, CLASSES)
    assert [len(x) for x, _ in data.batches(4)] == [4, 4, 2]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("limit", [1, 4, 7, 10, 99])
def test_limit(tmp_path, form, limit):
    data = open_data(sources(tmp_path)[form], SHAPE, limit=limit)
    x, y = collect(data)
    np.testing.assert_array_equal(x, SCALED[:limit])
    np.testing.assert_array_equal(y, CLASSES[:limit])
    assert data.size in (None, min(limit, 10))
    assert len(collect(open_data(data, SHAPE, limit=5))[0]) == min(limit, 5)


def test_labels_that_are_needed_but_missing(tmp_path):
    for spec in (
        SCALED,
        (SCALED, None),
        npz(tmp_path / "a.npz", x=SCALED),
        tf.data.Dataset.from_tensor_slices(SCALED).batch(2),
    ):
        assert collect(open_data(spec, SHAPE))[1] is None
        with pytest.raises(DataError, match="labels"):
            open_data(spec, SHAPE, labels=True)


def test_missing_files_and_unknown_forms(tmp_path):
    for name in ("none.npz", "none"):
        with pytest.raises(DataError, match=f"no file.*{name}"):
            open_data(tmp_path / name, SHAPE)
    (tmp_path / "a.csv").write_text("1,2")
    for spec in (tmp_path / "a.csv", "gone.csv", "tdfs:mnist", "tfds:", [1, 2], 3):
        with pytest.raises(OptionError, match=r"npz.*subfolder.*tfds:NAME"):
            open_data(spec, SHAPE)


def test_arrays_and_data_that_do_not_fit_are_refused_on_opening():
    with pytest.raises(DataError, match="10 samples but y is of shape"):
        open_data((PIXELS, CLASSES[:9]), SHAPE)
    with pytest.raises(DataError, match=r"opened for inputs of shape \(4, 4, 3\)"):
        open_data(open_data(PIXELS, SHAPE), (8, 8, 3))


@pytest.mark.parametrize("value", [0, -3])
def test_counts_below_one(value):
    with pytest.raises(OptionError, match=f"limit={value}"):
        open_data(PIXELS, SHAPE, limit=value)
    with pytest.raises(OptionError, match=f"batch_size={value}"):
        open_data(PIXELS, SHAPE).batches(value)  # at once, not on reading
