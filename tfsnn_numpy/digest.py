"""Digests of values: equal values have equal digests on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np


class Digest:
    """The SHA-256 digest of parts, one after the other.

    A part is bytes, a text, an array (with its shape and type), or else anything that
    JSON can say; what it cannot say goes in as its text.
    """

    def __init__(self, *parts: Any) -> None:
        """Start with these parts."""
        self._sha = hashlib.sha256()
        self.add(*parts)

    def add(self, *parts: Any) -> None:
        """Append parts."""
        for part in parts:
            if isinstance(part, np.ndarray):
                self._sha.update(f"{part.shape} {part.dtype}".encode())
                part = np.ascontiguousarray(part).tobytes()
            elif isinstance(part, str):
                part = part.encode()
            elif not isinstance(part, bytes):
                part = json.dumps(part, sort_keys=True, default=str).encode()
            self._sha.update(part)

    def hex(self) -> str:
        """The digest so far, 64 characters."""
        return self._sha.hexdigest()

    def number(self) -> int:
        """The first 48 bits of the digest so far, which float64 holds exactly."""
        return int.from_bytes(self._sha.digest()[:6], "big")
