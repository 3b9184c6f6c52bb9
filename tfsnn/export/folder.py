"""Exports that are a folder of files with a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ExportedFolder:
    """The folder that was written, with its manifest."""

    path: Path
    manifest: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the export as a JSON-ready dict."""
        return {"path": str(self.path), **self.manifest}
