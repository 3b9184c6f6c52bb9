"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import tensorflow as tf

from tfsnn.errors import OutputError

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


CACHE_VARIABLE = "TFSNN_CACHE"


def cache_folder() -> Path | None:
    """Return the folder of what is kept from run to run; None to keep nothing.

    That is what the environment variable ``TFSNN_CACHE`` says, "" for none, else a
    folder of the user's cache.
    """
    said = os.environ.get(CACHE_VARIABLE)
    if said is not None:
        return Path(said) if said else None
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tfsnn"


def check_output(path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Refuse a file that could not be written, before the work that leads to it.

    Returns `path` as a Path. Raises OutputError when it is a folder, when it exists
    and `overwrite` is not set, and when its folder is missing or not writable.
    """
    target = Path(path)
    folder = target.parent
    if target.is_dir():
        raise OutputError(f"{target} is a folder; give the name of a file in it.")
    if target.exists() and not overwrite:
        raise OutputError(
            f"{target} exists already; give another name, or use --overwrite "
            "(overwrite=True) to replace it."
        )
    if not folder.is_dir():
        raise OutputError(
            f"{target} cannot be written: there is no folder {folder}; create it first."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"{target} cannot be written: no permission to write in the folder "
            f"{folder}; give another, or change its permissions."
        )
    return target


def check_new_folder(path: Path) -> Path:
    """Refuse a folder that could not be made, before the work that leads to it.

    Raises OutputError when it exists, and when there is no folder that it would be in.
    """
    if path.exists() or path.is_symlink():
        raise OutputError(
            f"{path} exists already, and is not overwritten: give another name, or "
            "remove it"
        )
    if not path.parent.is_dir():
        raise OutputError(
            f"{path} cannot be written: there is no folder {path.parent}; create it "
            "first"
        )
    return path


@contextmanager
def replacing(
    path: str | os.PathLike[str], *, overwrite: bool = False
) -> Iterator[Path]:
    """Yield a free path beside `path`, which takes the place of `path` at the end.

    The block writes a file there; it has the suffix of `path`, as some writers go by
    it. When the block succeeds the file is renamed to `path`, in one step; when it
    raises anything, Ctrl-C included, the file is removed and `path` is as before.

    Raises OutputError for what :func:`check_output` refuses, and for any OSError in
    the block or the renaming, such as a full disk.
    """
    target = check_output(path, overwrite)
    part = _part(target.parent, target.suffix)
    try:
        yield part
        check_output(target, overwrite)  # it may have appeared meanwhile
        os.replace(part, target)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{target} cannot be written ({error.strerror or error}); free some space, "
            "or give another place."
        ) from error
    finally:
        with suppress(FileNotFoundError):  # renamed, or never created
            part.unlink()


@contextmanager
def creating(path: Path) -> Iterator[Path]:
    """Yield a free path beside `path`, which becomes `path` if that is free at the end.

    As :func:`replacing`, but of several processes that create the same file at the same
    time the first one to end makes it, and the others leave it as it is. An OSError is
    passed on.
    """
    part = _part(path.parent, path.suffix)
    try:
        yield part
        try:
            os.link(part, path)  # fails where it exists, unlike a renaming
        except FileExistsError:
            pass
        except OSError:  # there are no links on this file system
            os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


@contextmanager
def unfinished(parent: Path, output: Path) -> Iterator[Path]:
    """Yield a new, empty folder in `parent`, which the block fills and renames.

    At the end it is removed, if it was not renamed; so it is for Ctrl-C.

    Args:
        parent: where it lies. Made if there is none; then removed again if empty.
        output: what is written, in the words of its user.

    Raises:
        OutputError: for any failure to write.
    """
    made = not parent.exists()
    part = _part(parent)
    try:
        part.mkdir(parents=True)
        yield part
    except OutputError:
        raise
    except (OSError, tf.errors.OpError) as error:
        cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise OutputError(
            f"{output} cannot be written ({cause.splitlines()[0]}); free some space, "
            "or give another place"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if made:
            with suppress(OSError):  # the result is in it
                parent.rmdir()


def lock(file: IO[str], who: str) -> None:
    """Hold a file for this opening alone, until it is closed or its process ends.

    On systems without such locks, Windows and some network drives, nothing is held.

    Args:
        file: the file, open.
        who: what the message says if it is held already.

    Raises:
        OutputError: if another opening holds it.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"{who}: wait until it has ended, or give another folder"
        ) from error
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise


def _part(folder: Path, suffix: str = "") -> Path:
    """A free path in a folder, of a name that no reader takes for a result.

    Not `tempfile`: its files are private (mode 600), and so would the result be.
    """
    return folder / f".{secrets.token_hex(4)}.part{suffix}"
