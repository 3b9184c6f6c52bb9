"""Finding the models in a folder and their versions, as TF Serving does.

A version is a folder whose name is its number. It holds a SavedModel, or the ``.keras``
file of a spiking network; such a file by itself is version 1 of a model of its name.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tfsnn.errors import ModelError
from tfsnn.export.saved_model.versions import version_number

FILE, NETWORK = "saved_model.pb", ".keras"


def find_models(folder: Path) -> dict[str, list[Path]]:
    """Find the versions of each model, by model name, oldest version first.

    Args:
        folder: folder of one model's versions, or of several models; or a network's
            ``.keras`` file.

    Raises:
        ModelError: if the folder is neither, or cannot be read.
    """
    way_out = (
        "give the folder of a model's versions, or of several models, as "
        "tfsnn export saved_model --output DIR writes it, or the .keras file of a "
        "spiking network"
    )
    if folder.suffix == NETWORK and folder.is_file():
        return {folder.stem: [folder]}
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
    found = (path for path in numbered if (path / FILE).is_file() or networks(path))
    return sorted(found, key=number_of)


def networks(version: Path) -> list[Path]:
    """Return the files of spiking networks that a version is; none of a SavedModel."""
    if version.is_file():
        return [version]
    if (version / FILE).is_file():
        return []
    return sorted(path for path in version.glob(f"*{NETWORK}") if path.is_file())


def number_of(version: Path) -> int:
    """Return the number of a version: the name of its folder; of a file, 1."""
    return 1 if version.suffix == NETWORK else int(version.name)


def contents(folder: Path) -> frozenset[tuple[str, int, int]]:
    """List a version's files with sizes and times, to tell whether they changed."""
    found = set()
    with suppress(OSError):  # files may be written or removed meanwhile
        for path in (folder, *folder.rglob("*")):
            status = path.stat()
            found.add((str(path), status.st_size, status.st_mtime_ns))
    return frozenset(found)
