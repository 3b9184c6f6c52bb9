"""Folders that appear whole: written beside their place, then renamed in one step."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import tensorflow as tf

from tfsnn.errors import OutputError


@contextmanager
def unfinished(parent: Path, output: Path) -> Iterator[Path]:
    """Yield a new, empty folder, which the block fills and renames.

    At the end it is removed, if it was not renamed; so it is for Ctrl-C.

    Args:
        parent: where it lies. Made if there is none; then removed again if empty.
        output: what is written, in the words of its user.

    Raises:
        OutputError: for any failure to write.
    """
    made = not parent.exists()
    # A name that no reader takes for a result. Not `tempfile`: its folders are private.
    part = parent / f".{secrets.token_hex(4)}.part"
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
