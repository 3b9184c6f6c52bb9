"""A version of a model as a server knows it, and its states, which are TF Serving's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfsnn.errors import TfsnnError
from tfsnn.serve.errors import RequestError
from tfsnn.serve.folders import contents

OK = "OK"
# The names of TensorFlow's error codes: tf.errors.INVALID_ARGUMENT is 3.
CODES = {
    code: name
    for name, code in vars(tf.errors).items()
    if name.isupper() and isinstance(code, int)
}


class State(StrEnum):
    """In their order."""

    START = "START"  # found, and to be loaded
    LOADING = "LOADING"  # its warm-up included
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"  # gets no more requests, and goes on with those it has
    END = "END"  # unloaded, or broken


@dataclass(eq=False)
class Servable:
    """A version of a model.

    Attributes:
        model: the name of the model.
        folder: where the version lies.
        state: what the server is doing with it.
        version: what answers, where it is AVAILABLE or UNLOADING.
        uses: requests that it is answering.
        error_code: why it could not be loaded, in TensorFlow's word, or OK.
        error_message: the same for people, or empty.
        tried: what the folder held when that failed.
    """

    model: str
    folder: Path
    state: State = State.START
    version: Any = None
    uses: int = 0
    error_code: str = OK
    error_message: str = ""
    tried: frozenset[tuple[str, int, int]] = frozenset()

    @property
    def number(self) -> int:
        """Of the version."""
        return int(self.folder.name)

    @property
    def over(self) -> bool:
        """Whether to begin anew: it was unloaded, or was broken and has other files."""
        broken = self.error_code != OK
        ended = self.state is State.END
        return ended and not (broken and self.tried == contents(self.folder))

    def broke(self, error: Exception) -> None:
        """It could not be loaded. Keeps no error, which would keep what was loaded."""
        said = str(error)
        if not isinstance(error, TfsnnError):
            said = f"{type(error).__name__}: {said}"
        self.state, self.error_message = State.END, said
        self.error_code = _code(error.__cause__ or error)


def _code(error: BaseException) -> str:
    if isinstance(error, tf.errors.OpError):
        return CODES[error.error_code]
    # What a warm-up asks for in vain is an argument.
    return "INVALID_ARGUMENT" if isinstance(error, RequestError) else "UNKNOWN"
