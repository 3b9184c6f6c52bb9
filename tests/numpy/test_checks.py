"""Counts are whole numbers from 1 up; digests and new files, of one kind each."""

import hashlib

import numpy as np
import pytest

from tfsnn.errors import OptionError
from tfsnn.files import creating
from tfsnn_numpy.checks import check_count, check_counts
from tfsnn_numpy.digest import Digest


@pytest.mark.parametrize("value", [1, 7, np.int64(3)])
def test_counts_pass_as_ints(value):
    assert check_count("limit", value) == value
    assert type(check_count("limit", value)) is int


@pytest.mark.parametrize("value", [0, -1, 1.0, 2.5, True, "4", None])
def test_all_else_is_refused(value):
    with pytest.raises(OptionError, match=f"^limit={value!r} must be a positive int"):
        check_count("limit", value)
    with pytest.raises(OptionError, match=r"timesteps=.*whole numbers from 1 up"):
        check_counts("timesteps", [4, value])


def test_counts_come_once_and_in_order():
    assert check_counts("timesteps", (4, 1, 4, np.int32(2))) == [1, 2, 4]
    with pytest.raises(OptionError, match=r"timesteps=\[\]: .* at least one"):
        check_counts("timesteps", [])


def test_a_digest_is_the_sha256_of_its_parts():
    assert Digest(b"ab", "c").hex() == hashlib.sha256(b"abc").hexdigest()
    first = hashlib.sha256(b"abc").digest()[:6]
    assert Digest("abc").number() == int.from_bytes(first, "big") < 2**53


def test_a_digest_tells_shapes_types_and_values_apart():
    x = np.arange(6, dtype=np.float32)
    others = [x.reshape(2, 3), x.astype(np.float64), x[::-1], x[:5], {"a": 1}]
    found = {Digest(part).hex() for part in [x, *others]}
    assert len(found) == 6
    assert Digest({"a": 1, "b": 2}).hex() == Digest({"b": 2, "a": 1}).hex()
    assert Digest(x[::2]).hex() == Digest(x[::2].copy()).hex()


def test_who_creates_a_file_first_wins(tmp_path):
    path = tmp_path / "manifest.json"
    with creating(path) as mine, creating(path) as other:
        mine.write_text("mine")
        other.write_text("other")
    assert path.read_text() == "other"  # which ended first
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError), creating(tmp_path / "none" / "file") as part:
        part.write_text("no folder")
