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
        np.eye(3, dtype=bool)[CLASSES],
        CLASSES.astype(np.float32),
        CLASSES.astype(np.uint8),
    ],
)
def test_forms_of_labels(opened, y):
    np.testing.assert_array_equal(collect(opened(SCALED, y))[1], CLASSES)


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
def test_bad_labels(opened, y, message):
    with pytest.raises(DataError, match=message):
        collect(opened(SCALED, y))


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
