"""Packages that are not needed by all: imported on use, with a word where they lack."""

from __future__ import annotations

import importlib
from typing import Any

from tfsnn.errors import TfsnnError


class MissingPackageError(TfsnnError, ImportError):
    """A package of an extra that is not installed."""


def require(module: str, extra: str, purpose: str) -> Any:
    """Import a module that an extra of tfsnn brings.

    Args:
        module: as in an import statement.
        extra: in pyproject.toml.
        purpose: what needs it, at the start of a sentence.

    Raises:
        MissingPackageError: if it is not installed.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise MissingPackageError(
            f"{purpose} needs {package}, which is not installed: "
            f"pip install 'tfsnn[{extra}]'",
            name=package,
        ) from error
