"""Finding the models in a folder and their versions, as TF Serving does."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tfsnn.errors import ModelError
from tfsnn.export.saved_model.versions import version_number

FILE = "saved_model.pb"


def find_models(folder: Path) -> dict[str, list[Path]]:
    """Find the folders of each model's versions, by model name, oldest version first.

    Args:
        folder: folder of one model's versions, or of several models.

    Raises:
        ModelError: if the folder is neither, or cannot be read.
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
    numbered = (path for path in folder.iterdir() if version_number(path) is not None)
    found = (path for path in numbered if (path / FILE).is_file())
    return sorted(found, key=lambda path: int(path.name))


def contents(folder: Path) -> frozenset[tuple[str, int, int]]:
    """List a version's files with sizes and times, to tell whether they changed."""
    found = set()
    with suppress(OSError):  # files may be written or removed meanwhile
        for path in folder.rglob("*"):
            status = path.stat()
            found.add((str(path), status.st_size, status.st_mtime_ns))
    return frozenset(found)
