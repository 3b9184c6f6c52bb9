"""Open files of users: regular files only, read with bounds.

A path of a user, or a name in a folder of a user, may lead to a pipe, on which reading
waits for ever, or to a device, which has no end. What is opened is therefore looked at
before a byte is read: the open file itself, so that nothing can take its place between.
"""

from __future__ import annotations

import os
import stat
from typing import IO, BinaryIO

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
AT_ONCE = 2**20  # bytes asked for at a time
MEGABYTE = 10**6


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading its bytes, if it is a regular file or a link to one.

    Raises:
        OSError: if it cannot be opened, or is a folder, a pipe, a socket or a device.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for somebody who writes to it.
        found = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError as error:  # a name with a zero byte
        raise OSError(f"there can be no file of this name: {error}") from error
    try:
        kind = stat.S_IFMT(os.fstat(found).st_mode)
        if kind != stat.S_IFREG:
            raise OSError(f"it is {KINDS.get(kind, 'something else')}, no regular file")
        return os.fdopen(found, "rb")
    except BaseException:
        os.close(found)
        raise


def check_regular(path: str | os.PathLike[str]) -> None:
    """Refuse what :func:`open_regular` does not open, for readers that take a path.

    Raises:
        OSError: if it is no regular file, or cannot be opened.
    """
    open_regular(path).close()


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """Read a whole regular file.

    Args:
        path: path of the file.
        most: bytes that it may have.

    Raises:
        OSError: for a file that cannot be read, is no regular file, or has more bytes.
    """
    with open_regular(path) as file:
        return read_at_most(file, most)


def read_at_most(file: IO[bytes], most: int) -> bytes:
    """Read an open file to its end.

    Raises:
        OSError: as soon as there are more bytes than `most`.
    """
    parts, size = [], 0
    while part := file.read(AT_ONCE):
        size += len(part)
        if size > most:
            raise OSError(
                f"it has more than the {most / MEGABYTE:,.0f} MB that such a file may "
                "have"
            )
        parts.append(part)
    return b"".join(parts)
