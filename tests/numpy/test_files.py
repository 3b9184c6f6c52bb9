"""Files of users: regular ones only, with bounds; JSON of an expected form."""

import os
import socket
from typing import Any, TypedDict

import pytest

from tfsnn_numpy.files import check_regular, open_regular, read_regular
from tfsnn_numpy.json_text import mismatch, parse_json, read_json


def test_a_regular_file_and_a_link_to_one_are_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(path, 5) == read_regular(tmp_path / "link", 5) == b"12345"
    with open_regular(path) as file:
        assert file.read() == b"12345"


def test_other_kinds_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for name, kind in {
            "pipe": "a named pipe",
            "zero": "a device",
            "socket": r".",  # cannot even be opened
            ".": "a folder",
        }.items():
            with pytest.raises(OSError, match=kind):
                check_regular(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        check_regular(tmp_path / "missing")
    with pytest.raises(OSError, match="no file of this name"):
        check_regular(f"{tmp_path}/a\0b")


def test_no_descriptor_is_left_open(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(OSError, match="named pipe"):
            open_regular(tmp_path / "pipe")
    assert len(os.listdir("/proc/self/fd")) == before


def test_more_bytes_than_the_bound_are_refused(tmp_path):
    (tmp_path / "a").write_bytes(bytes(3_000_001))
    assert len(read_regular(tmp_path / "a", 3_000_001)) == 3_000_001
    with pytest.raises(OSError, match="more than the 3 MB"):
        read_regular(tmp_path / "a", 3_000_000)
    with pytest.raises(OSError, match="more than"):  # its size is said to be 0
        read_regular("/proc/self/environ", 1)


def test_json_is_bounded_in_depth(tmp_path):
    deep = "[" * 100 + "]" * 100
    (tmp_path / "a").write_text(deep)
    assert read_json(tmp_path / "a") == parse_json(deep)
    assert parse_json('{"[[[": "]\\"["}') == {"[[[": ']"['}
    brackets = "[" * 500
    assert parse_json(f'"{brackets}"') == brackets
    for text in (f"[{deep}]", "[" * 10**6, '{"a":' * 200):
        with pytest.raises(ValueError, match="deeper than 100"):
            parse_json(text)
    for text in (b"\xff", b"{", b"", "1" * 5000):
        with pytest.raises(ValueError, match=r"."):
            parse_json(text)


class Entry(TypedDict):
    name: str
    shape: list[int]


@pytest.mark.parametrize(
    ("value", "form", "found"),
    [
        (3, int, None),
        (True, int, "it is True, not a whole number"),
        (2**31, int, "it is 2147483648, not a whole number"),
        (3, float, None),
        ("3", float, "it is '3', not a number"),
        (None, int | None, None),
        ("x", int | None, "it is 'x', not a whole number or null"),
        ([1, 2], tuple[int, ...], None),
        ([1, "2"], tuple[int, ...], "it[1] is '2', not a whole number"),
        ([1], tuple[int, int], "it has 1 values, not 2"),
        (7, list[int], "it is 7, not a list"),
        ({"a": 1}, dict[str, int], None),
        ({"a": []}, dict[str, int], "it.a is [], not a whole number"),
        ([], dict[str, Any], "it is [], not an object"),
        ([{"name": "a", "shape": [1]}], list[Entry], None),
        ([{"name": "a"}], list[Entry], "it[0].shape is missing"),
        ({"name": "a", "shape": [None]}, Entry, "shape[0] is None, not a whole number"),
        ("x" * 99, int, f"it is '{'x' * 39}..., not a whole number"),
    ],
)
def test_a_value_is_of_a_form_or_the_place_is_said(value, form, found):
    assert mismatch(value, form) == found
