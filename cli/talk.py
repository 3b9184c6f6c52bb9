"""Print results to standard output, all else to standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click


def progress(batches: Iterable[Any], total: int | None, label: str) -> Iterable[Any]:
    """Show a progress bar on standard error, where that is a terminal."""
    return _bar(batches, total, label) if sys.stderr.isatty() else batches


def _bar(batches: Iterable[Any], total: int | None, label: str) -> Iterator[Any]:
    with click.progressbar(batches, total, label, file=sys.stderr) as bar:
        yield from bar


def say(text: str) -> None:
    """Print a line to standard error."""
    click.echo(text, err=True)


def show(result: Any, as_json: bool) -> None:
    """Print a result with ``to_dict``: as text, or as one JSON document."""
    click.echo(to_json(result) if as_json else str(result))


def to_json(result: Any) -> str:
    """Return the JSON of a result or of its dict; NaN and Inf are null in JSON."""
    found = result if isinstance(result, dict) else result.to_dict()
    return json.dumps(_finite(found), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
