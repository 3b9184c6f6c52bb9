"""What a server knows of a version of a model; the states are TF Serving's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfsnn.errors import TfsnnError
from tfsnn.serve.errors import RequestError
from tfsnn.serve.folders import contents, number_of

OK = "OK"
# The names of TensorFlow's error codes: tf.errors.INVALID_ARGUMENT is 3.
CODES = {
    code: name
    for name, code in vars(tf.errors).items()
    if name.isupper() and isinstance(code, int)
}


class State(StrEnum):
    """The states of a version, in the order in which it goes through them."""

    START = "START"  # found, and to be loaded
    LOADING = "LOADING"  # its warm-up included
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"  # gets no more requests, and goes on with those it has
    END = "END"  # unloaded, or broken


@dataclass(eq=False)
class Servable:
    """A version of a model, and what the server does with it.

    Attributes:
        model: the name of the model.
        folder: where the version lies; the file of a network by itself.
        state: what the server is doing with it.
        version: the loaded version, where the state is AVAILABLE or UNLOADING.
        uses: number of requests that the version is answering.
        error_code: name of TensorFlow's error code if loading failed, else OK.
        error_message: why loading failed, or empty.
        tried: contents of the folder when loading was last tried.
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
        """The number of the version."""
        return number_of(self.folder)

    @property
    def renewable(self) -> bool:
        """Whether to load it anew: it was unloaded, or broken files have changed."""
        broken = self.error_code != OK
        ended = self.state is State.END
        return ended and not (broken and self.tried == contents(self.folder))

    def record_failure(self, error: Exception) -> None:
        """Record that loading failed.

        The error itself is not kept: its traceback would hold what was loaded.
        """
        message = str(error)
        if not isinstance(error, TfsnnError):
            message = f"{type(error).__name__}: {message}"
        self.state, self.error_message = State.END, message
        self.error_code = _code(error.__cause__ or error)


def _code(error: BaseException) -> str:
    if isinstance(error, tf.errors.OpError):
        return CODES[error.error_code]
    # A warm-up request that cannot be answered has a wrong argument.
    return "INVALID_ARGUMENT" if isinstance(error, RequestError) else "UNKNOWN"
