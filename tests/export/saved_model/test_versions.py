"""Versions of a model appear whole, by the next number, and are never overwritten."""

import errno
import os
import stat

import pytest
import tensorflow as tf

from tfsnn.errors import OptionError, OutputError
from tfsnn.export.saved_model import versions
from tfsnn.export.saved_model.versions import publish


def fill(folder):
    (folder / "saved_model.pb").write_text("new")


def content(model):
    return {path.name for path in model.iterdir()}


def test_the_first_version_makes_the_folder(tmp_path):
    model = tmp_path / "models" / "digits"
    assert publish(model, None, fill) == 1
    assert content(model) == {"1"} and content(model / "1") == {"saved_model.pb"}


def test_the_next_number_is_above_all_others(tmp_path):
    for name in ("2", "0010", "notes", "11x", ".12"):
        (tmp_path / name).mkdir()
    assert publish(tmp_path, None, fill) == 11
    assert publish(tmp_path, 5, fill) == 5
    assert publish(tmp_path, None, fill) == 12


def test_it_is_written_beside_and_renamed(tmp_path):
    def write(folder):
        assert folder.parent == tmp_path and not folder.name.isdigit()
        assert not (tmp_path / "1").exists()
        fill(folder)

    assert publish(tmp_path, None, write) == 1
    assert content(tmp_path) == {"1"}


def test_others_may_read_it(tmp_path):
    mask = os.umask(0o022)
    try:
        publish(tmp_path, 1, fill)
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "1").stat().st_mode) == 0o755


@pytest.mark.parametrize("old", ["3", "003"])
def test_an_existing_version_stays(tmp_path, old):
    (tmp_path / old).mkdir()
    (tmp_path / old / "saved_model.pb").write_text("old")
    with pytest.raises(OutputError, match=r"a version 3, .*never overwritten"):
        publish(tmp_path, 3, pytest.fail)
    assert content(tmp_path) == {old}
    assert (tmp_path / old / "saved_model.pb").read_text() == "old"


def test_a_version_that_appears_meanwhile_stays(tmp_path):
    def write(folder):
        fill(folder)
        (tmp_path / "1").mkdir()
        (tmp_path / "1" / "theirs").touch()

    with pytest.raises(OutputError, match="a version 1,"):
        publish(tmp_path, 1, write)
    assert content(tmp_path) == {"1"} and content(tmp_path / "1") == {"theirs"}


def test_two_that_take_the_same_number(tmp_path, monkeypatch):
    """Another export comes between the choice of the number and the renaming."""
    rename = os.rename

    def late(source, target):
        if not (tmp_path / "1").exists():
            (tmp_path / "1").mkdir()
            (tmp_path / "1" / "theirs").touch()
        rename(source, target)

    monkeypatch.setattr(versions.os, "rename", late)
    assert publish(tmp_path, None, fill) == 2
    assert content(tmp_path) == {"1", "2"} and content(tmp_path / "1") == {"theirs"}


@pytest.mark.parametrize(
    "error, raised, says",
    [
        (KeyboardInterrupt(), KeyboardInterrupt, None),
        (ZeroDivisionError(), ZeroDivisionError, None),
        (OSError(errno.ENOSPC, "No space left"), OutputError, "No space left"),
        (tf.errors.ResourceExhaustedError(None, None, "full"), OutputError, "full"),
    ],
)
def test_a_failure_leaves_nothing(tmp_path, error, raised, says):
    def write(folder):
        fill(folder)
        raise error

    with pytest.raises(raised, match=says):
        publish(tmp_path / "model", None, write)
    assert not list(tmp_path.iterdir())
    (tmp_path / "model" / "1").mkdir(parents=True)
    with pytest.raises(raised):
        publish(tmp_path / "model", None, write)
    assert content(tmp_path / "model") == {"1"}


def test_what_cannot_be_a_version_or_its_folder(tmp_path, monkeypatch):
    with pytest.raises(OptionError, match="version=0"):
        publish(tmp_path, 0, pytest.fail)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"):
        publish(tmp_path / "file", None, pytest.fail)
    with pytest.raises(OutputError, match=r"permission to write in .*file"):
        publish(tmp_path / "file" / "model", None, pytest.fail)
    # Root may write anywhere, so the answer of the system is replaced.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="no permission"):
        publish(tmp_path / "model", None, pytest.fail)
