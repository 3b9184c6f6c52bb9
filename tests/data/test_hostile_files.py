"""Files that are no regular files, or state what cannot be: refused at once."""

import gzip
import os
import struct
import zipfile

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from samples import PIXELS, SHAPE, collect
from tfrecord_files import records, write

from tfsnn.data import open_data
from tfsnn.data.record_length import masked_crc, record_length
from tfsnn.data.tfrecord import scan
from tfsnn.errors import DataError
from tfsnn_numpy.image_size import image_size
from tfsnn_numpy.opening import open_data as open_without_tensorflow

OPENERS = {
    "tensorflow": open_data,
    "numpy": lambda path, shape: open_without_tensorflow(path, {"x": shape}),
}


@pytest.mark.parametrize("name", ["a.npz", "a.tfrecord", "folder/class/a.png"])
@pytest.mark.parametrize("opener", OPENERS)
def test_no_pipe_and_no_device_is_read(name, opener, tmp_path):
    if name.endswith("record") and opener == "numpy":
        return  # a form that it does not know
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    given = path if path.parent == tmp_path else tmp_path / "folder"
    for make, kind in (
        (os.mkfifo, "a named pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
    ):
        make(path)
        with pytest.raises(DataError, match=f"{path.name} cannot be read.*{kind}"):
            collect(OPENERS[opener](given, SHAPE))
        path.unlink()


def header(length, crc=None):
    stored = struct.pack("<Q", length)
    return stored + struct.pack("<I", masked_crc(stored) if crc is None else crc)


def test_the_checksum_of_a_length_is_that_of_tensorflow(tmp_path):
    for size in (0, 1, 300, 70_000):
        stored = write(tmp_path / "a", [b"x" * size]).read_bytes()[:12]
        assert stored == header(size) and record_length(stored) == size
    assert record_length(header(2**63)) is None
    assert record_length(header(5, crc=7)) is record_length(bytes(12)) is None
    assert record_length(b"") is None


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("wrong", [bytes(12), header(2**63), header(2**63 - 1)])
def test_a_length_that_cannot_be_is_found_at_once(wrong, compressed, tmp_path):
    path = tmp_path / "a.tfrecord"
    content = write(path, records()[:2]).read_bytes() + wrong + bytes(10**7)
    path.write_bytes(gzip.compress(content) if compressed else content)
    with pytest.raises(DataError, match="damaged, in record 2, counted from 0"):
        scan(path)
    with pytest.raises(DataError, match="record 2"):
        collect(open_data(path, SHAPE))


def test_a_member_that_is_no_array_is_none(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x", b"1")
    for opener in OPENERS.values():
        with pytest.raises(DataError, match="has no array x, only none at all"):
            opener(tmp_path / "a.npz", (4,))


@pytest.mark.parametrize("shape", ["(-1, 4)", "(10, -4)", "(99999999999999999999, 4)"])
def test_an_impossible_shape_is_refused(shape, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((1, 4), np.float32))
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        stored = archive.read("x.npy")
    stored = stored.replace(
        b"(1, 4), }" + b" " * len(shape), shape.encode() + b", }   "
    )
    stored = stored[: 128 - 1] + b"\n" + bytes(16)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", stored)
    with pytest.raises(DataError, match="cannot be read as an npz file"):
        collect(open_data(tmp_path / "a.npz", (4,)))


def test_the_size_of_an_image_is_read_from_its_header(tmp_path):
    image = Image.fromarray(np.zeros((20, 300, 3), np.uint8))
    for name, options in (
        *(("a.png", {}), ("a.gif", {}), ("a.bmp", {}), ("a.jpg", {})),
        ("b.jpg", {"progressive": True, "exif": b"Exif\0\0" + bytes(2000)}),
    ):
        image.save(tmp_path / name, **options)
        assert image_size((tmp_path / name).read_bytes()) == (300, 20), name
    stored = (tmp_path / "b.jpg").read_bytes()
    for cut in range(0, 2100):
        image_size(stored[:cut])  # no error
    assert image_size(b"text") == image_size(b"\xff\xd8\xff\xff\xff") == (0, 0)


@pytest.mark.parametrize("opener", OPENERS)
def test_an_image_that_no_memory_holds_is_not_decoded(opener, tmp_path):
    (tmp_path / "a").mkdir()
    stored = bytearray(tf.io.encode_png(PIXELS[0]).numpy())
    stored[16:24] = struct.pack(">II", 60_000, 60_000)
    (tmp_path / "a" / "0.png").write_bytes(stored)
    with pytest.raises(DataError, match=r"0\.png"):
        collect(OPENERS[opener](tmp_path, SHAPE))


def test_the_name_of_an_image_need_not_be_utf8(tmp_path):
    (tmp_path / "a").mkdir()
    path = os.fsencode(tmp_path / "a") + b"/\xff.png"
    with open(path, "wb") as file:
        file.write(tf.io.encode_png(PIXELS[0]).numpy())
    x, _ = collect(open_data(tmp_path, SHAPE, raw=True))
    np.testing.assert_array_equal(x, PIXELS[:1])
