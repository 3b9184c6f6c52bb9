"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfsnn.errors import OutputError


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
    # Not `tempfile`: its files are private (mode 600), and so would the result be.
    part = target.with_name(f".{secrets.token_hex(4)}.part{target.suffix}")
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
