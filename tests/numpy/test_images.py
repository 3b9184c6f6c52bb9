"""Images read with Pillow: the values that TensorFlow reads; others are refused."""

import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from samples import PIXELS, SHAPE, collect

import tfsnn
from tfsnn_numpy.errors import DataError
from tfsnn_numpy.images import resize
from tfsnn_numpy.opening import open_data


@pytest.mark.parametrize("kind", ["png", "bmp", "gif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_folders_are_read_as_by_tensorflow(kind, channels, tmp_path):
    """Classes in turn, images of other sizes: the same batches, to the last bit."""
    for k, (name, count) in enumerate({"d": 3, "a": 2, "b": 1, "c": 0}.items()):
        (tmp_path / name).mkdir()
        for i in range(count):
            pixels = PIXELS[3 * k + i, : 3 + i % 2]
            grey = channels == 1 or kind == "gif"
            image = Image.fromarray(pixels[..., 0] if grey else pixels)
            image.save(tmp_path / name / f"{i}.{kind}")
    for raw, limit, size in ((True, None, (4, 4)), (False, 4, (5, 7))):
        inputs = {"image": (*size, channels)}
        x, y = collect(open_data(tmp_path, inputs, raw=raw, limit=limit), 3)
        theirs = tfsnn.open_data(tmp_path, inputs, raw=raw, limit=limit)
        expected, labels = collect(theirs, 3)
        np.testing.assert_array_equal(x, expected)
        np.testing.assert_array_equal(y, labels)
        assert len(x) == (limit or 6) and (x.max() > 1) == raw


@pytest.mark.parametrize("size", [(4, 6), (9, 3), (2, 2), (1, 1), (13, 7)])
def test_images_are_resized_as_by_tensorflow(size):
    image = PIXELS[0].astype(np.float32)
    expected = tf.image.resize(image, size).numpy()
    np.testing.assert_allclose(resize(image, *size), expected, rtol=0, atol=2e-5)


@pytest.fixture
def refused(tmp_path):
    """Assert that a folder with one image is refused on reading, with this message."""
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "0.png"

    def check(image, message, shape=(4, 4, 1)):
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            Image.fromarray(image).save(path)
        with pytest.raises(DataError, match=rf"0\.png {message}"):
            collect(open_data(tmp_path, {"x": shape}))

    return check


def test_images_that_do_not_fit_are_refused(refused):
    refused(PIXELS[0], "has colours, the network takes grey values")
    refused(np.full((4, 4), 999, np.uint16), "has more than 8 bits")


def test_damaged_images_are_refused(refused, tmp_path):
    Image.fromarray(PIXELS[0]).save(tmp_path / "good.png")
    good = (tmp_path / "good.png").read_bytes()
    wide = bytearray(54)  # a bmp of 100,000 times 100,000 pixels, it says
    wide[:2], wide[10], wide[14], wide[26], wide[28] = b"BM", 54, 40, 1, 24
    wide[18:26] = 2 * (100_000).to_bytes(4, "little")
    data = good.index(b"IDAT")
    short = good[: data - 4] + b"\0\0\0\1" + good[data:]  # SyntaxError, of Pillow
    for content in (b"", b"no image", good[:60], short, bytes(wide)):
        refused(content, "cannot be read .*replace or remove it", SHAPE)


def test_pillow_is_asked_for(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)  # as if it were not installed
    refused(b"", "is read with Pillow, which is not installed: pip install pillow")
