"""The models that lie in a folder, and their versions, as TF Serving finds them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tfsnn.errors import ModelError

FILE = "saved_model.pb"


def find_models(folder: Path) -> dict[str, list[Path]]:
    """The folders of versions of each model, by its name; versions rise.

    Args:
        folder: of the versions of a model, or of several models.

    Raises:
        ModelError: if it is neither, or cannot be read.
    """
    way_out = (
        "give the folder of a model's versions, or of several models, as "
        "tfsnn export saved_model --output DIR writes it"
    )
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder; {way_out}")
    if (folder / FILE).exists():
        raise ModelError(
            f"{folder} is one version, not the folder of all of them: "
            f"give {folder.resolve().parent}"
        )
    try:
        if own := _versions(folder):
            return {folder.resolve().name: own}
        within = sorted(path for path in folder.iterdir() if path.is_dir())
        models = {path.name: _versions(path) for path in within}
    except OSError as error:
        raise ModelError(f"{folder} cannot be read: {error}; {way_out}") from error
    models = {name: versions for name, versions in models.items() if versions}
    if not models:
        raise ModelError(f"{folder} has no version of a model in it; {way_out}")
    return models


def _versions(folder: Path) -> list[Path]:
    numbered = (path for path in folder.iterdir() if path.name.isdecimal())
    found = (path for path in numbered if (path / FILE).is_file())
    return sorted(found, key=lambda path: int(path.name))


def contents(folder: Path) -> frozenset[tuple[str, int, int]]:
    """The files of a version, each with its size and its time, to tell a change by."""
    found = set()
    with suppress(OSError):  # some of them are being written or removed
        for path in folder.rglob("*"):
            status = path.stat()
            found.add((str(path), status.st_size, status.st_mtime_ns))
    return frozenset(found)
