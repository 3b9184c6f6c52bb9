"""TFRecord files: the forms of a sample, damage, and what does not fit."""

import gzip
import struct

import numpy as np
import pytest
import tensorflow as tf
from samples import CLASSES, PIXELS, SCALED, SHAPE, collect
from tfrecord_files import (
    FEATURES,
    example,
    of_bytes,
    of_floats,
    of_integers,
    places,
    records,
    write,
)

from tfsnn.data import open_data
from tfsnn.data.tfrecord import scan
from tfsnn.errors import DataError
from tfsnn_numpy.judging import Judging
from tfsnn_numpy.tasks import Output

OPTIONS = {"image_key": "image/encoded", "label_key": "image/class/label"}


@pytest.mark.parametrize("form", FEATURES)
def test_forms_of_a_sample(tmp_path, form):
    path = write(tmp_path / "a.tfrecord", records(FEATURES[form]))
    data = open_data(path, SHAPE, labels=True, **OPTIONS)
    assert data.size == 10
    for batch_size in (4, 10, 64):
        x, y = collect(data, batch_size)
        np.testing.assert_array_equal(x, SCALED)
        np.testing.assert_array_equal(y, CLASSES)
    x, y = collect(open_data(path, SHAPE, limit=7).part(2, 7))
    np.testing.assert_array_equal(x, SCALED[2:7])
    assert y is None


@pytest.mark.parametrize("form", ["png", "uint8 bytes", "integers"])
def test_raw_pixels(tmp_path, form):
    path = write(tmp_path / "a.tfrecord", records(FEATURES[form]))
    x, _ = collect(open_data(path, SHAPE, raw=True))
    np.testing.assert_array_equal(x, PIXELS)


@pytest.mark.parametrize(
    "name", ["a.tfrecords", "a.tfrecord-00000-of-00002", "a.tfrecord.gz", "A.TFRECORD"]
)
def test_names_and_compression(tmp_path, name):
    path = write(tmp_path / name, records(), "GZIP" if name.endswith("gz") else None)
    data = open_data(path, SHAPE)
    assert data.size == (None if name.endswith("gz") else 10)
    np.testing.assert_array_equal(collect(data)[0], SCALED)
    np.testing.assert_array_equal(collect(data.part(6, 9))[0], SCALED[6:9])
    assert scan(path).size == 10


def test_images_are_resized_as_in_a_folder(tmp_path):
    image = np.random.default_rng(3).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    stored = tf.io.encode_jpeg(image).numpy()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "0.jpg").write_bytes(stored)
    path = write(tmp_path / "a.tfrecord", [example(image_encoded=of_bytes(stored))])
    for shape in (SHAPE, (5, 6, 1)):
        x, _ = collect(open_data(path, shape))
        np.testing.assert_array_equal(x, collect(open_data(tmp_path, shape))[0])


@pytest.mark.parametrize("at", [5, 12, 40, -4, -1])
def test_a_file_that_is_cut_short(tmp_path, at):
    stored = records()
    path = write(tmp_path / "a.tfrecord", stored)
    start, end = places(stored)[6:8]
    path.write_bytes(path.read_bytes()[: (start if at > 0 else end) + at])
    with pytest.raises(DataError, match=r"a\.tfrecord is cut short.* record 6,"):
        open_data(path, SHAPE)


@pytest.mark.parametrize("batch_size", [1, 4, 64])
@pytest.mark.parametrize("at", [40, -2])
def test_a_flipped_bit_in_a_record(tmp_path, at, batch_size):
    stored = records()
    path = write(tmp_path / "a.tfrecord", stored)
    content = bytearray(path.read_bytes())
    start, end = places(stored)[6:8]
    content[(start if at > 0 else end) + at] ^= 4
    path.write_bytes(content)
    for data in (open_data(path, SHAPE), open_data(path, SHAPE).part(5, 10)):
        with pytest.raises(DataError, match=r"^record 6 of .*a\.tfrecord.*DataLoss"):
            collect(data, batch_size)
    assert len(collect(open_data(path, SHAPE).part(0, 6), 3)[0]) == 6


def test_a_flipped_bit_in_a_length(tmp_path):
    stored = records()
    path = write(tmp_path / "a.tfrecord", stored)
    content = bytearray(path.read_bytes())
    content[places(stored)[6] + 5] ^= 4
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.tfrecord is cut short, or damaged"):
        open_data(path, SHAPE)


def test_a_damaged_gzip_file(tmp_path):
    path = write(tmp_path / "a.tfrecord.gz", records(), "GZIP")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"a\.tfrecord\.gz"):
        scan(path)
    with pytest.raises(DataError, match=r"record \d of .*a\.tfrecord\.gz"):
        collect(open_data(path, SHAPE))


def test_the_scan_against_the_format(tmp_path):
    """Counted and digested as the specification of the format has it."""
    stored = records()
    path = write(tmp_path / "a.tfrecord", stored)
    content = path.read_bytes()
    starts = places(stored)
    assert starts[-1] == len(content)
    for start, record in zip(starts, stored, strict=False):
        assert struct.unpack_from("<Q", content, start)[0] == len(record)
        assert content[start + 12 :].startswith(record)
    found = scan(path)
    assert found.size == 10
    compressed = tmp_path / "a.gz"
    compressed.write_bytes(gzip.compress(content))
    assert scan(compressed) == found
    stored[3] = stored[3][:-1] + bytes([stored[3][-1] ^ 1])  # of the same length
    other = scan(write(tmp_path / "b.tfrecord", stored))
    assert other.size == 10 and other.digest != found.digest
    assert scan(write(tmp_path / "none.tfrecord", [])).size == 0


def fail(path, message, shape=SHAPE, **options):
    with pytest.raises(DataError, match=message):
        collect(open_data(path, shape, **options))


def test_what_does_not_fit(tmp_path):
    good = records()[0]

    def second(**features):
        return write(tmp_path / "a.tfrecord", [good, example(**features)])

    where = r"record 1 of .*a\.tfrecord, counted from 0,"
    path = write(tmp_path / "a.tfrecord", [good, b"\xff\xff not an example"])
    fail(path, f"{where} is no tf.train.Example")
    path = second(other=of_bytes(b"x"), pixels=of_bytes(b"x"))
    fail(path, f"{where} has no feature 'image/encoded', only other, pixels; name")
    fail(second(image_encoded=of_floats([1, 2, 3])), f"{where} holds 3 values as float")
    fail(second(image_encoded=tf.train.Feature()), f"{where} holds 0 values as nothing")
    fail(second(image_encoded=of_integers([256] * 48)), f"{where}.*from 256 to 256")
    fail(second(image_encoded=of_bytes(b"\xff\xd8\xff oh")), f"image in {where} cannot")
    fail(second(image_encoded=of_bytes(b"hello")), f"image in {where} cannot")
    fail(second(image_encoded=of_floats([np.nan] * 48)), "holds NaN.* in sample 1,")
    path = second(image_encoded=of_bytes(bytes(48)))
    key = "image/class/label"
    fail(path, f"{where} has no feature '{key}', only image/encoded", label_key=key)
    labelled = [
        example(image_encoded=of_bytes(bytes(48)), n=of_integers(n), b=of_bytes(b"x"))
        for n in ([1, 2], [1])
    ]
    path = write(tmp_path / "a.tfrecord", labelled)
    fail(path, "labels have 1 to 2 numbers in 'n'", label_key="n")
    fail(path, "has 1 values as bytes_list in 'b'", label_key="b")


def test_labels_are_one_number_or_several(tmp_path):
    """Those of a mask stand row by row, and get the shape of the output."""
    rng = np.random.default_rng(0)
    masks, ages = rng.integers(0, 3, (5, 2, 3)), rng.random(5).astype(np.float32)
    records = [
        example(
            image_encoded=of_bytes(bytes(48)),
            m=of_integers(m.ravel()),
            a=of_floats([a]),
        )
        for m, a in zip(masks, ages, strict=True)
    ]
    path = write(tmp_path / "a.tfrecord", records)
    _, y = collect(open_data(path, SHAPE, label_key="a"))
    assert y.dtype == np.float32 and y.tolist() == ages.tolist()
    data = open_data(path, SHAPE, label_key="m")
    judging = Judging.of([Output("y", (2, 3, 4), "softmax")], data)
    assert judging.tasks[0].name == "places"
    (read,) = judging.read(collect(data)[1])
    np.testing.assert_array_equal(read, masks)
    fail(path, "holds 48 bytes, the model takes \\(5,\\)", shape=(5,))
    fail(path, "gives one input, the model takes 2", shape={"a": (2,), "b": (2,)})
    fail(tmp_path / "gone.tfrecord", r"gone\.tfrecord cannot be read")
    (tmp_path / "text.tfrecord").write_text("these are no records, it is a text")
    fail(tmp_path / "text.tfrecord", r"text\.tfrecord.* damaged")
    fail(write(tmp_path / "none.tfrecord", []), "no samples")
