"""Write what was measured: JSON for machines, Markdown and a figure for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def write(
    output: Path,
    document: dict[str, Any],
    markdown: str,
    bars: tuple[Mapping[str, Mapping[str, float]], str] | None = None,
) -> None:
    """OUTPUT.json, OUTPUT.md, and OUTPUT.svg for `bars` with the name of their axis.

    Called after each row, for a whole run takes long.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    output.with_suffix(".md").write_text(markdown)
    if bars:
        from tfsnn.analysis import plot

        plot.save(plot.layers(*bars), output.with_suffix(".svg"))


def write_curves(
    output: Path,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    ann_accuracy: float,
    title: str,
) -> None:
    """OUTPUT.svg: accuracy and time of each setting against time steps."""
    from tfsnn.analysis import plot

    unknown = dict.fromkeys(("agreement", "spikes", "synops", "energy_ratio"))
    shown = {
        setting: [
            SimpleNamespace(
                timesteps=row["timesteps"],
                accuracy=row["accuracy"],
                seconds=row["milliseconds"] / 1e3,
                **unknown,
            )
            for row in of_setting
        ]
        for setting, of_setting in rows.items()
    }
    figure = plot.comparison(shown, ann_accuracy, title)
    plot.save(figure, output.with_suffix(".svg"))
