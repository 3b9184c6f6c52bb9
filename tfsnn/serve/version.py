"""A version of a model: what it answers, and how a SavedModel does.

A SavedModel is loaded as TF Serving does it, into a session of its own, and needs no
``.keras`` file and no Python of the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.export.saved_model.over_time import START, STEP
from tfsnn.serve.errors import RequestError
from tfsnn.serve.folders import number_of
from tfsnn.serve.signature import CLASSIFY, PREDICT, Arrays, Signature
from tfsnn.simulation.compiled import TENSORFLOW

DEFAULT = "serving_default"
NO_NETWORK = (
    "a SavedModel is run by TensorFlow; a version that is the .keras file of the "
    "network would be run by the engine"
)
INIT = "__saved_model_init_op"  # in every SavedModel of TensorFlow 2; not for requests


class Version:
    """A loaded version of a model, which answers for its signatures.

    Attributes:
        number: number of the version, the name of its folder.
        definitions: all ``SignatureDef`` of the version by name, for its metadata.
    """

    def __init__(self, number: int, signatures: Mapping[str, Signature]) -> None:
        """Take the signatures that answer, by name."""
        self.number, self._signatures = number, dict(signatures)
        self.definitions: dict[str, Any] = {
            name: signature.definition for name, signature in signatures.items()
        }

    def signature(self, name: str | None) -> Signature:
        """Return the signature of this name, or the default one.

        Raises:
            RequestError: if there is no such signature.
        """
        name = name or DEFAULT
        if name not in self._signatures:
            raise RequestError(
                f'Serving signature name: "{name}" not found in signature def; there '
                f"are {', '.join(sorted(self._signatures))}"
            )
        return self._signatures[name]

    @property
    def ran_by(self) -> str:
        """What simulated last, and why not the engine that was asked for."""
        return TENSORFLOW

    def own_requests(self) -> Iterator[tuple[Signature, Arrays]]:
        """Yield requests to warm up with, beside those in the version's folder."""
        yield from ()

    @property
    def streams(self) -> bool:
        """Whether it takes one frame after the other."""
        return {START, STEP} <= self._signatures.keys()

    @property
    def state_names(self) -> list[str]:
        """The names of the tensors that ``step`` takes beside the frame."""
        frame = self._signatures[START].inputs
        return [name for name in self._signatures[STEP].inputs if name not in frame]

    def close(self) -> None:
        """Free the memory of the version, which answers no more."""


class SavedModelVersion(Version):
    """A version that is a SavedModel, run by TensorFlow."""

    def __init__(self, folder: Path, engine: str = TENSORFLOW) -> None:
        """Load the SavedModel of a version; `engine` is the one that was asked for.

        Raises:
            ModelError: if the folder holds no SavedModel that can be served.
        """
        self._engine = engine
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        try:
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], str(folder))
        except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
            self.close()
            raise ModelError(
                f"{folder} cannot be loaded as a SavedModel: {error}; write it again "
                "with tfsnn export saved_model, or take the folder away"
            ) from error
        definitions = dict(meta.signature_def)
        signatures = {
            name: Signature(name, definition, self._session)
            for name, definition in definitions.items()
            if name != INIT and definition.method_name in (PREDICT, CLASSIFY)
        }
        super().__init__(number_of(folder), signatures)
        self.definitions = definitions

    @property
    def ran_by(self) -> str:
        """TensorFlow, and why not the engine that was asked for."""
        if self._engine == TENSORFLOW:
            return TENSORFLOW
        return f"{TENSORFLOW} ({self._engine}: {NO_NETWORK})"

    def close(self) -> None:
        """Free the memory of the version, which answers no more."""
        self._session.close()
