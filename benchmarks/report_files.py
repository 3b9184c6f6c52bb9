"""Write results as files: JSON for machines, Markdown and a drawing for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write(
    output: Path, document: dict[str, Any], page: str, figure: Any = None
) -> None:
    """Write OUTPUT.json, OUTPUT.md, and OUTPUT.svg of a figure, if there is one.

    It is called after each row, as a whole run takes long.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    fields = ",\n ".join(f'"{key}": {_json(document[key])}' for key in document)
    output.with_suffix(".json").write_text(f"{{\n {fields}\n}}\n")
    output.with_suffix(".md").write_text(page)
    if figure is not None:
        from tfsnn.analysis import plot

        plot.save(figure, output.with_suffix(".svg"))


def _json(value: Any) -> str:
    """Return JSON in which each row of a list has a line."""
    if isinstance(value, list | tuple) and any(isinstance(row, dict) for row in value):
        return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
    return json.dumps(value)
