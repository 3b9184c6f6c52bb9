"""Files are opened by their form; what is no data for these inputs is refused."""

import numpy as np
import pytest
from samples import CLASSES, PIXELS, SCALED, SHAPE, collect, npz

from tfsnn_numpy.errors import DataError, OptionError
from tfsnn_numpy.opening import open_data

INPUTS = {"image": SHAPE}


@pytest.mark.parametrize("name", ["x", "image"])
@pytest.mark.parametrize("limit", [None, 1, 7, 99])
def test_the_only_input_by_its_name_or_x(tmp_path, name, limit):
    path = npz(tmp_path / "a.NPZ.npz", **{name: PIXELS, "y": CLASSES})
    data = open_data(str(path), INPUTS, limit=limit)
    x, y = collect(data)
    assert data.size == len(x) == min(limit or 10, 10)
    np.testing.assert_array_equal(x, SCALED[:limit])
    np.testing.assert_array_equal(y, CLASSES[:limit])


def test_several_inputs_by_name(tmp_path):
    x, tokens = np.ones((5, 2), np.uint8), np.arange(15).reshape(5, 3)
    path = npz(tmp_path / "a.npz", tokens=tokens, x=x)
    data = open_data(path, {"x": (2,), "tokens": (3,)}, raw=["tokens"])
    ((first, y), *_) = data.batches(4)
    assert list(first) == ["x", "tokens"] and y is None
    np.testing.assert_array_equal(first["x"], np.full((4, 2), np.float32(1 / 255)))
    np.testing.assert_array_equal(first["tokens"], tokens[:4])
    with pytest.raises(DataError, match=r"'x' 5, input 'tokens' 4"):
        path = npz(tmp_path / "b.npz", tokens=tokens[:4], x=x)
        open_data(path, {"x": (2,), "tokens": (3,)}, raw=True)
    with pytest.raises(DataError, match="gives one input, the model takes 2: x, tok"):
        open_data(tmp_path, {"x": (4, 4, 3), "tokens": (3,)})


def test_what_is_no_data_is_refused(tmp_path):
    with pytest.raises(OptionError, match="data sets of tfds need TensorFlow"):
        open_data("tfds:mnist", INPUTS)
    for spec in ("data.csv", tmp_path / "a.tfrecord"):
        with pytest.raises(OptionError, match=r"opened from '.*'; give FILE\.npz"):
            open_data(spec, INPUTS)
    with pytest.raises(OptionError, match="limit=0 must be a positive integer"):
        open_data("data.npz", INPUTS, limit=0)
    with pytest.raises(DataError, match=r"There is no file .*none\.npz"):
        open_data(tmp_path / "none.npz", INPUTS)
    with pytest.raises(DataError, match=r"no file or folder .*none, .* FILE\.npz"):
        open_data(tmp_path / "none", INPUTS)
    with pytest.raises(DataError, match="no class subfolders"):
        open_data(tmp_path, INPUTS)
