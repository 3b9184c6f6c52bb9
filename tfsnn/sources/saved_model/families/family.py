"""A family of operations that are refused for one reason, with one way out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Family:
    """Operations that are refused for one reason where they work on the input.

    Attributes:
        title: what they are, for the documentation.
        why: why they cannot be part of the network, as "it ...", without "it".
        way: what to do.
        names: names of operations, separated by spaces.
        pattern: regular expression that whole names match, "" if there is none.
        at_ends: whether it may stand before or behind the network, to be left out.
    """

    title: str
    why: str
    way: str
    names: str = ""
    pattern: str = ""
    at_ends: bool = True

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.names.split())

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.pattern or r"(?!)")

    def __contains__(self, kind: str) -> bool:
        """Whether an operation type is of this family."""
        return kind in self._names or bool(self._pattern.fullmatch(kind))

    @cached_property
    def reason(self) -> str:
        """The reason and the way out, as errors give them."""
        return f"{self.why}: {self.way}"


INFERENCE = "export the model for inference"
WITHOUT = "export the model without it"
OTHER_FILE = "load the model from a .keras or .h5 file"
