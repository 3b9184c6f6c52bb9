"""Damaged npz files are refused, and sound ones are read a batch at a time."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest
from samples import CLASSES, PIXELS, SHAPE, collect, npz

from tfsnn_numpy.errors import DataError
from tfsnn_numpy.npz import check_npz, open_npz
from tfsnn_numpy.opening import open_data


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("damage", ["cut", "flip", "text", "empty"])
def test_damaged_npz(tmp_path, compressed, damage):
    path = npz(tmp_path / "a.npz", compressed, x=PIXELS, y=CLASSES)
    stored = bytearray(path.read_bytes())
    if damage == "cut":
        del stored[len(stored) // 2 :]
    elif damage == "flip":
        stored[300] ^= 0xFF
    else:
        stored = b"not a zip" if damage == "text" else b""
    path.write_bytes(stored)
    with pytest.raises(DataError, match=r"a\.npz cannot be read.*numpy\.savez"):
        collect(open_data(path, {"x": SHAPE}))


def test_npz_whose_header_promises_more_than_it_holds(tmp_path):
    member = io.BytesIO()
    np.save(member, PIXELS)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", member.getvalue()[:-5])
    with pytest.raises(DataError, match="cut short"):
        open_data(tmp_path / "a.npz", {"x": SHAPE})


def test_memory_is_bounded_by_the_batch(tmp_path):
    count, shape = 16_000, (32, 32, 3)  # 49 MB as bytes, 197 MB as float32
    path = npz(tmp_path / "a.npz", True, x=np.zeros((count, *shape), np.uint8))
    data = open_data(path, {"x": shape})
    tracemalloc.start()
    seen = sum(len(x) for x, _ in data.batches(100))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == data.size == count
    assert peak < 10e6


@pytest.mark.parametrize("compressed", [False, True])
def test_checksums_of_an_npz_file(tmp_path, compressed):
    path = npz(tmp_path / "a.npz", compressed, x=PIXELS, y=CLASSES)
    check_npz(path)
    stored = bytearray(path.read_bytes())
    stored[300] ^= 1
    path.write_bytes(stored)
    with pytest.raises(DataError, match=r"a\.npz cannot be read.*copy it again"):
        check_npz(path)


def test_what_is_missing_is_named_as_it_is_to_be_written(tmp_path):
    """A single input is x, whatever the model calls it."""
    path = npz(tmp_path / "a.npz", images=PIXELS, y=CLASSES)
    with pytest.raises(DataError) as caught:
        open_data(path, {"input_layer_5": SHAPE})
    assert str(caught.value) == (
        f"{path} has no array x, only images, y; write it with numpy.savez(file, "
        "x=..., y=...)."
    )
    with pytest.raises(DataError, match=r"no array b, only .*\(file, a=\.\.\., b="):
        open_data(npz(path, a=PIXELS), {"a": SHAPE, "b": SHAPE})


def test_a_damaged_name_of_an_array_is_no_array_less(tmp_path):
    """The directory of a zip archive has no checksum; labels must not get lost."""
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros((3, 4), np.float32), y=[0, 1, 2])
    content = path.read_bytes()
    at = content.rindex(b"y.npy")
    path.write_bytes(content[:at] + b"z" + content[at + 1 :])
    with pytest.raises(DataError, match="cannot be read as an npz file"):
        open_npz(path, {"x": (4,)}, frozenset())
