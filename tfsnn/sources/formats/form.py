"""What a kind of file is: its name, how it is recognised, and how it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from tfsnn.sources.parts import Part


@dataclass(frozen=True)
class Format:
    """A kind of file or folder that holds a model.

    Attributes:
        name: what it is, for messages and help texts.
        recognises: function that tells it by its path and its first bytes, of which a
            folder has none.
        load: function that loads a part of it, or says why it cannot be.
        signatures: whether a signature can be chosen.
    """

    name: str
    recognises: Callable[[Path, bytes], bool]
    load: Callable[[Path, Part], keras.Model]
    signatures: bool = False
