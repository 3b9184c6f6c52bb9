"""Optional packages, imported on use; an error names the extra that installs them."""

from __future__ import annotations

import importlib
from typing import Any

from tfsnn.errors import TfsnnError


class MissingPackageError(TfsnnError, ImportError):
    """A package that an extra of tfsnn brings is not installed."""


def require(module: str, extra: str, purpose: str) -> Any:
    """Import a module of a package that an extra of tfsnn brings.

    Args:
        module: full name of the module, as in an import statement.
        extra: name of the extra in pyproject.toml.
        purpose: what needs the package, as the start of a sentence.

    Raises:
        MissingPackageError: if the package is not installed.
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
