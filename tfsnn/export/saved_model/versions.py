"""Publishing numbered versions of a model in a folder, as TF Serving expects them.

A version is a folder whose name is a number. A server that watches the model's folder
loads a version as soon as it appears, so it has to appear whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tfsnn.errors import OptionError, OutputError
from tfsnn.files import unfinished
from tfsnn_numpy.checks import check_count

LARGEST_VERSION = 2**63 - 1  # for TF Serving, whose numbers have 64 bits


def check_version(model: Path, version: int | None) -> None:
    """Refuse a version that could not be published, before the work that leads to it.

    Raises:
        OptionError: if the version is not a positive number of 64 bits.
        OutputError: if the version exists, or the folder cannot be written to.
    """
    if version is not None and check_count("version", version) > LARGEST_VERSION:
        raise OptionError(
            f"version={version} is above {LARGEST_VERSION}, the largest that TF "
            "Serving reads: give a smaller one"
        )
    if model.exists() and not model.is_dir():
        raise OutputError(f"{model} is a file; give the folder of a model's versions")
    if version is not None and version in _versions(model):
        raise OutputError(
            f"{model} has a version {version}, and a version is never overwritten: "
            "give another number, or none for the next one"
        )
    parent = next(p for p in (model, *model.absolute().parents) if p.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(
            f"{model} cannot be written: no permission to write in {parent}; give "
            "another folder, or change its permissions"
        )


def publish(model: Path, version: int | None, write: Callable[[Path], None]) -> int:
    """Write a version under another name, then rename it in one step.

    Args:
        model: folder of all versions, created if it does not exist.
        version: number of the version; the next one if None.
        write: function that fills the empty folder that it is given.

    Returns:
        The number of the version.

    Raises:
        OptionError, OutputError: as :func:`check_version`, and if writing fails. What
            was written is then removed, as it is after Ctrl-C.
    """
    check_version(model, version)
    with unfinished(model, model) as part:
        write(part)
        return _renamed(part, model, version)


def version_number(folder: Path) -> int | None:
    """Return the number of a version by its folder's name; None if that is none."""
    name = folder.name
    if not (name.isascii() and name.isdigit()) or int(name) > LARGEST_VERSION:
        return None
    return int(name)


def _versions(model: Path) -> set[int]:
    if not model.is_dir():
        return set()
    numbers = map(version_number, model.iterdir())
    return {number for number in numbers if number is not None}


def _renamed(part: Path, model: Path, version: int | None) -> int:
    while True:
        check_version(model, version)  # it may have appeared meanwhile
        number = max(_versions(model), default=0) + 1 if version is None else version
        try:
            os.rename(part, model / str(number))  # fails on a folder that holds files
            return number
        except OSError:
            if number not in _versions(model):
                raise
