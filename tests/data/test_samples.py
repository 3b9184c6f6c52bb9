"""Values and labels of each type are read as documented; bad ones are refused."""

import numpy as np
import pytest
from samples import CLASSES, PIXELS, SCALED, SHAPE, collect, npz

from tfsnn.data import open_data
from tfsnn.errors import DataError


def test_values_by_type(rng):
    x, _ = collect(open_data(PIXELS, SHAPE))
    assert x.max() <= 1 and (x[PIXELS == 255] == 1).all()
    x, _ = collect(open_data(PIXELS, SHAPE, raw=True))
    np.testing.assert_array_equal(x, PIXELS)
    floats = rng.normal(size=(10, *SHAPE)) * 300
    x, _ = collect(open_data(floats, SHAPE))
    np.testing.assert_array_equal(x, floats.astype(np.float32))
    x, _ = collect(open_data(PIXELS > 99, SHAPE))
    np.testing.assert_array_equal(x, PIXELS > 99)
    x, _ = collect(open_data(PIXELS.astype(np.int32), SHAPE, raw=True))
    np.testing.assert_array_equal(x, PIXELS)
    with pytest.raises(DataError, match=r"int32.*raw=True"):
        open_data(PIXELS.astype(np.int32), SHAPE)
    with pytest.raises(DataError, match=r"complex64.*float32"):
        open_data(PIXELS.astype(np.complex64), SHAPE, raw=True)


def test_a_missing_channel_axis_is_added(tmp_path):
    path = npz(tmp_path / "a.npz", x=PIXELS[..., 0])
    x, y = collect(open_data(path, (4, 4, 1)))
    np.testing.assert_array_equal(x, SCALED[..., :1])
    assert y is None


@pytest.mark.parametrize(
    "y",
    [
        CLASSES[:, None],
        np.eye(3)[CLASSES],
        np.eye(3, dtype=bool)[CLASSES],
        CLASSES.astype(np.float32),
        CLASSES.astype(np.uint8),
    ],
)
def test_forms_of_labels(y):
    np.testing.assert_array_equal(collect(open_data((SCALED, y), SHAPE))[1], CLASSES)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (CLASSES - 1, r"-1 in sample 0"),
        (CLASSES + 0.5, r"0\.5 in sample 0"),
        (np.where(CLASSES == 2, np.nan, 0), r"nan in sample 2"),
        (np.eye(3)[CLASSES] + (np.arange(10) == 7)[:, None], r"in sample 7"),
        (np.full((10, 3), 1 / 3), r"in sample 0"),
        (np.zeros((10, 2, 2)), r"shape \(4, 2, 2\)"),
        (np.array(list("abcdefghij")), r"type <U1"),
    ],
)
def test_bad_labels(y, message):
    with pytest.raises(DataError, match=message):
        collect(open_data((SCALED, y), SHAPE))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite(bad):
    x = SCALED.astype(np.float64)
    x[6, 1, 2, 0] = bad
    with pytest.raises(DataError, match="sample 6,"):
        collect(open_data(x, SHAPE))


def test_refused_on_opening(tmp_path):
    def refused(match, **arrays):
        with pytest.raises(DataError, match=match) as caught:
            open_data(npz(tmp_path / "bad.npz", **arrays), SHAPE)
        assert "bad.npz" in str(caught.value)

    refused(r"no array x, only images, y", images=PIXELS, y=CLASSES)
    refused(r"\(10, 4, 4\).*\(N, 4, 4, 3\)", x=PIXELS[..., 0])
    refused(r"shape \(\)", x=np.float32(1))
    refused(r"no samples", x=PIXELS[:0])
    refused(r"10 samples but y is of shape \(9,\)", x=PIXELS, y=CLASSES[:9])
    refused(r"Python objects", x=PIXELS.astype(object))
    refused(r"Python objects", x=PIXELS, y=CLASSES.astype(object))
    with pytest.raises(DataError, match="10 samples"):
        open_data((PIXELS, CLASSES[:9]), SHAPE)
    with pytest.raises(DataError, match=r"opened for inputs of shape \(4, 4, 3\)"):
        open_data(open_data(PIXELS, SHAPE), (8, 8, 3))
