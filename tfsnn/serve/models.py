"""The models of a folder, as TF Serving finds and loads them.

Each version is loaded into a session of its own, the way TF Serving does it: only the
SavedModel is needed, no ``.keras`` file and no Python of the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.serve.errors import NoModelError, RequestError
from tfsnn.serve.signature import CLASSIFY, PREDICT, Signature

DEFAULT = "serving_default"
FILE = "saved_model.pb"
INIT = "__saved_model_init_op"  # in every SavedModel of TensorFlow 2, not to be asked


class Version:
    """One loaded version of a model.

    Attributes:
        number: the name of its folder.
        definitions: all that the SavedModel has, for its metadata.
    """

    def __init__(self, folder: Path) -> None:
        """Load it.

        Raises:
            ModelError: if it is no SavedModel that can be served.
        """
        self.number = int(folder.name)
        session = tf.compat.v1.Session(graph=tf.Graph())
        try:
            meta = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
        except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
            raise ModelError(
                f"{folder} cannot be loaded as a SavedModel: {error}; write it again "
                "with tfsnn export --format saved_model, or take the folder away"
            ) from error
        self.definitions: dict[str, Any] = dict(meta.signature_def)
        self._signatures = {
            name: Signature(name, definition, session)
            for name, definition in self.definitions.items()
            if name != INIT and definition.method_name in (PREDICT, CLASSIFY)
        }

    def signature(self, name: str | None) -> Signature:
        """The signature of this name, or the default one.

        Raises:
            RequestError: if there is none.
        """
        name = name or DEFAULT
        if name not in self._signatures:
            raise RequestError(
                f'Serving signature name: "{name}" not found in signature def; there '
                f"are {', '.join(sorted(self._signatures))}"
            )
        return self._signatures[name]


class Models:
    """All that a server answers for, by name and version."""

    def __init__(self, folder: Path) -> None:
        """Load every version of every model.

        Args:
            folder: of the versions of a model, or of several models.

        Raises:
            ModelError: if there are none, or one cannot be loaded.
        """
        self._models = {
            name: {version.number: version for version in map(Version, found)}
            for name, found in _found(folder).items()
        }

    @property
    def names(self) -> dict[str, list[int]]:
        """The numbers of the versions of each model, rising."""
        return {name: list(versions) for name, versions in self._models.items()}

    def version(self, name: str, number: int | None) -> Version:
        """The version of this number, or the latest.

        Raises:
            NoModelError: if it is not served.
        """
        versions = self._models.get(name, {})
        if not versions or number not in (None, *versions):
            asked = f"Latest({name})" if number is None else f"({name}, {number})"
            kind = "" if number is None else "Specific"
            raise NoModelError(f"Servable not found for request: {kind}{asked}")
        return versions[max(versions) if number is None else number]

    def versions(self, name: str, number: int | None) -> list[Version]:
        """That version, or all, the latest first.

        Raises:
            NoModelError: if there are none.
        """
        versions = self._models.get(name, {})
        if number is None and not versions:
            raise NoModelError(f"Could not find any versions of model {name}")
        if number is not None and number not in versions:
            raise NoModelError(f"Could not find version {number} of model {name}")
        chosen = sorted(versions, reverse=True) if number is None else [number]
        return [versions[n] for n in chosen]


def _found(folder: Path) -> dict[str, list[Path]]:
    """The folders of versions of each model, by its name; versions rise."""
    way_out = (
        "give the folder of a model's versions, or of several models, as "
        "tfsnn export --format saved_model --output DIR writes it"
    )
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder; {way_out}")
    if (folder / FILE).exists():
        raise ModelError(
            f"{folder} is one version, not the folder of all of them: "
            f"give {folder.resolve().parent}"
        )
    if own := _versions(folder):
        return {folder.resolve().name: own}
    try:
        within = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise ModelError(f"{folder} cannot be read: {error}; {way_out}") from error
    models = {path.name: _versions(path) for path in within}
    models = {name: versions for name, versions in models.items() if versions}
    if not models:
        raise ModelError(f"{folder} has no version of a model in it; {way_out}")
    return models


def _versions(folder: Path) -> list[Path]:
    numbered = (path for path in folder.iterdir() if path.name.isdecimal())
    found = (path for path in numbered if (path / FILE).is_file())
    return sorted(found, key=lambda path: int(path.name))
