"""Files appear whole or not at all."""

import errno
import os
import subprocess
import sys

import pytest

from tfsnn.errors import OutputError
from tfsnn.files import check_output, replacing


def test_writes_the_file_and_nothing_else(tmp_path):
    target = tmp_path / "model.keras"
    with replacing(target) as part:
        assert part.parent == tmp_path and part.suffix == ".keras"
        assert not part.exists()
        part.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_any_exception_leaves_the_old_file(tmp_path, error):
    target = tmp_path / "model.keras"
    target.write_text("old")
    with pytest.raises(error), replacing(target, overwrite=True) as part:
        part.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_existing_file_needs_overwrite(tmp_path):
    target = tmp_path / "report.json"
    target.write_text("old")
    with pytest.raises(OutputError, match=r"report\.json.*--overwrite"):
        check_output(target)
    with (
        pytest.raises(OutputError, match="overwrite=True"),
        replacing(target),
    ):
        pytest.fail("the block must not run")
    assert check_output(str(target), overwrite=True) == target
    with replacing(target, overwrite=True) as part:
        part.write_text("new")
    assert target.read_text() == "new"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path):
    target = tmp_path / "report.json"
    with pytest.raises(OutputError, match="exists"), replacing(target) as part:
        part.write_text("mine")
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


def test_refuses_what_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(OutputError, match=r"no folder .*missing"):
        check_output(tmp_path / "missing" / "a.npz")
    with pytest.raises(OutputError, match="is a folder"):
        check_output(tmp_path, overwrite=True)
    # Root may write anywhere, so the answer of the system is replaced.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="permission"):
        check_output(tmp_path / "a.npz")


def test_full_disk_names_path_and_cause(tmp_path):
    target = tmp_path / "a.npz"
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with (
        pytest.raises(OutputError, match=r"a\.npz.*No space left") as caught,
        replacing(target) as part,
    ):
        part.write_text("half")
        raise full
    assert caught.value.__cause__ is full
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.processes
def test_a_real_limit_on_the_file_size(tmp_path):
    code = """
import resource, signal, sys
from tfsnn.files import replacing
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with replacing(sys.argv[1]) as part:
    part.write_bytes(bytes(5000))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.bin")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 1
    assert "OutputError" in done.stderr and "File too large" in done.stderr
    assert not list(tmp_path.iterdir())
