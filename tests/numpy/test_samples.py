"""Values and labels of each type are read as documented; bad ones are refused."""

import numpy as np
import pytest
from samples import CLASSES, PIXELS, SCALED, SHAPE, collect, npz

from tfsnn_numpy.errors import DataError
from tfsnn_numpy.opening import open_data


@pytest.fixture
def opened(tmp_path):
    """Open arrays through a file, for one input of this shape."""

    def of(x, y=None, shape=SHAPE, raw=False):
        arrays = {"x": x} if y is None else {"x": x, "y": y}
        return open_data(npz(tmp_path / "a.npz", **arrays), {"x": shape}, raw=raw)

    return of


def test_values_by_type(opened, rng):
    x, _ = collect(opened(PIXELS))
    assert x.max() <= 1 and (x[PIXELS == 255] == 1).all()
    np.testing.assert_array_equal(x, SCALED)
    x, _ = collect(opened(PIXELS, raw=True))
    np.testing.assert_array_equal(x, PIXELS)
    floats = rng.normal(size=(10, *SHAPE)) * 300
    for dtype in (np.float64, np.float32, np.float16):
        x, _ = collect(opened(floats.astype(dtype)))
        np.testing.assert_array_equal(x, floats.astype(dtype).astype(np.float32))
    x, _ = collect(opened(PIXELS > 99))
    np.testing.assert_array_equal(x, PIXELS > 99)
    x, _ = collect(opened(PIXELS.astype(np.int32), raw=True))
    np.testing.assert_array_equal(x, PIXELS)
    with pytest.raises(DataError, match=r"int32.*raw=True"):
        opened(PIXELS.astype(np.int32))
    with pytest.raises(DataError, match=r"complex64.*float32"):
        opened(PIXELS.astype(np.complex64), raw=True)


def test_a_missing_channel_axis_is_added(opened):
    x, y = collect(opened(PIXELS[..., 0], shape=(4, 4, 1)))
    np.testing.assert_array_equal(x, SCALED[..., :1])
    assert y is None


@pytest.mark.parametrize(
    "y",
    [
        CLASSES[:, None],
        np.eye(3)[CLASSES],
        CLASSES.astype(np.float32),
        np.array(list("abcdefghij")),  # for tasks to refuse
        np.zeros((10, 2, 2)),
    ],
)
def test_labels_are_passed_on_as_they_are_stored(opened, y):
    data = opened(SCALED, y)
    found = collect(data)[1]
    np.testing.assert_array_equal(found, y)
    assert found.dtype == y.dtype, (found.dtype, y.dtype)
    np.testing.assert_array_equal(data.first_labels(3), y[:3])


def test_labels_of_several_outputs_have_their_names(tmp_path):
    file = npz(tmp_path / "a.npz", x=SCALED, y_age=CLASSES * 1.5, y_kind=CLASSES)
    data = open_data(file, {"x": SHAPE}, limit=7)
    assert data.has_labels
    ((_, y),) = data.batches(100)
    assert (
        y.keys() == {"age", "kind"}
        and y["age"].tolist() == (CLASSES * 1.5)[:7].tolist()
    )
    with pytest.raises(DataError, match=r"but y_b is of shape \(9,\)"):
        wrong = npz(tmp_path / "b.npz", x=SCALED, y_b=CLASSES[:9])
        open_data(wrong, {"x": SHAPE})


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite(opened, bad):
    x = SCALED.astype(np.float64)
    x[6, 1, 2, 0] = bad
    with pytest.raises(DataError, match="sample 6,"):
        collect(opened(x))


def test_refused_on_opening(tmp_path):
    def refused(match, **arrays):
        with pytest.raises(DataError, match=match) as caught:
            open_data(npz(tmp_path / "bad.npz", **arrays), {"x": SHAPE})
        assert "bad.npz" in str(caught.value)

    refused(r"no array x, only images, y", images=PIXELS, y=CLASSES)
    refused(r"\(10, 4, 4\).*\(N, 4, 4, 3\)", x=PIXELS[..., 0])
    refused(r"shape \(\)", x=np.float32(1))
    refused(r"no samples", x=PIXELS[:0])
    refused(r"10 samples but y is of shape \(9,\)", x=PIXELS, y=CLASSES[:9])
    refused(r"Python objects", x=PIXELS.astype(object))
    refused(r"Python objects", x=PIXELS, y=CLASSES.astype(object))
