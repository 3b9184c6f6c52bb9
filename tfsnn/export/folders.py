"""Writing folders that appear whole: filled under another name, then renamed."""

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

    A folder that was not renamed is removed at the end, also after Ctrl-C.

    Args:
        parent: folder in which it is made. A missing one is created, and removed again
            if it stays empty.
        output: what is written, for error messages.

    Raises:
        OutputError: if writing fails.
    """
    made = not parent.exists()
    # No reader takes this name for a result. (`tempfile` would make a private folder.)
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
            with suppress(OSError):  # it is not empty: it holds the result
                parent.rmdir()
