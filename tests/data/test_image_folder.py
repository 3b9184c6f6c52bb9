"""Folders of images: their order, classes, sizes and formats, and corrupt images."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from samples import PIXELS, SHAPE, collect

from tfsnn.data import open_data
from tfsnn.errors import DataError


def folder(tmp_path):
    """Classes a (2 images), b (1), c (none), d (3), each image told by its values."""
    images = {}
    for name, count in (("d", 3), ("a", 2), ("b", 1), ("c", 0)):
        (tmp_path / name).mkdir()
        for i in range(count):
            image = PIXELS[len(images)]
            path = tmp_path / name / f"{i}.png"
            path.write_bytes(tf.io.encode_png(image).numpy())
            images[f"{name}{i}"] = image
    (tmp_path / "a" / "notes.txt").write_text("not an image")
    (tmp_path / ".cache").mkdir()
    return images


def test_folder_order_and_classes(tmp_path):
    images = folder(tmp_path)
    data = open_data(tmp_path, SHAPE, raw=True, labels=True)
    x, y = collect(data)
    order = ["a0", "b0", "d0", "a1", "d1", "d2"]
    np.testing.assert_array_equal(x, [images[key] for key in order])
    assert y.tolist() == [0, 1, 3, 0, 3, 3] and data.size == 6
    x, _ = collect(open_data(tmp_path, SHAPE, limit=1))
    np.testing.assert_array_equal(x[0], images["a0"] * np.float32(1 / 255))


def test_folder_resizes_bilinearly_and_fits_channels(tmp_path):
    (tmp_path / "a").mkdir()
    ramp = np.array([[0, 100]], np.uint8)[..., None]
    (tmp_path / "a" / "0.PNG").write_bytes(tf.io.encode_png(ramp).numpy())
    x, _ = collect(open_data(str(tmp_path), (1, 4, 3), raw=True))
    np.testing.assert_array_equal(x[0, 0], np.repeat([[0], [25], [75], [100]], 3, 1))
    x, _ = collect(open_data(tmp_path, (1, 2, 1)))
    np.testing.assert_array_equal(x[0], ramp * np.float32(1 / 255))


@pytest.mark.parametrize("kind", ["jpeg", "bmp", "gif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_folder_reads_other_formats(tmp_path, kind, channels):
    (tmp_path / "a").mkdir()
    for mode in ("L", "RGB"):
        image = Image.new(mode, (5, 4), 200 if mode == "L" else (200,) * 3)
        image.save(tmp_path / "a" / f"{mode}.{kind}")
    x, _ = collect(open_data(tmp_path, (4, 5, channels), raw=True))
    assert x.shape == (2, 4, 5, channels)
    np.testing.assert_allclose(x, 200, atol=1)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nxx", b"hello", "cut"])
def test_a_corrupt_image_is_named(tmp_path, content):
    folder(tmp_path)
    path = tmp_path / "d" / "1.png"
    if content == "cut":
        content = path.read_bytes()[:60]
    path.write_bytes(content)
    data = open_data(tmp_path, SHAPE)
    with pytest.raises(DataError, match=r"d/1\.png cannot be read"):
        collect(data)


def test_folders_without_images(tmp_path):
    with pytest.raises(DataError, match="no class subfolders"):
        open_data(tmp_path, SHAPE)
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="no images"):
        open_data(tmp_path, SHAPE)
    with pytest.raises(DataError, match=r"\(784,\)"):
        open_data(tmp_path, (784,))
