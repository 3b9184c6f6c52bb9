"""A version of a model, loaded as TF Serving does it: into a session of its own.

Only the SavedModel is needed, no ``.keras`` file and no Python of the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.export.saved_model.over_time import START, STEP
from tfsnn.serve.errors import RequestError
from tfsnn.serve.signature import CLASSIFY, PREDICT, Signature

DEFAULT = "serving_default"
INIT = "__saved_model_init_op"  # in every SavedModel of TensorFlow 2; not for requests


class Version:
    """A loaded version of a model, which answers for its signatures.

    Attributes:
        number: number of the version, the name of its folder.
        definitions: all ``SignatureDef`` of the SavedModel by name, for its metadata.
    """

    def __init__(self, folder: Path) -> None:
        """Load the SavedModel of a version.

        Raises:
            ModelError: if the folder holds no SavedModel that can be served.
        """
        self.number = int(folder.name)
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        try:
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], str(folder))
        except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
            self.close()
            raise ModelError(
                f"{folder} cannot be loaded as a SavedModel: {error}; write it again "
                "with tfsnn export saved_model, or take the folder away"
            ) from error
        self.definitions: dict[str, Any] = dict(meta.signature_def)
        self._signatures = {
            name: Signature(name, definition, self._session)
            for name, definition in self.definitions.items()
            if name != INIT and definition.method_name in (PREDICT, CLASSIFY)
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
        self._session.close()
