"""Write what was measured: JSON for machines, Markdown for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write(output: Path, document: dict[str, Any], markdown: str) -> None:
    """OUTPUT.json and OUTPUT.md; called after each row, for a whole run takes long."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    output.with_suffix(".md").write_text(markdown)
