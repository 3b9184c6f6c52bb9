"""Print results to standard output, all else to standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click


def progress(batches: Iterable[Any], total: int | None, label: str) -> Iterable[Any]:
    """Show a progress bar on standard error, where that is a terminal."""
    return _bar(batches, total, label) if sys.stderr.isatty() else batches


def _bar(batches: Iterable[Any], total: int | None, label: str) -> Iterator[Any]:
    with click.progressbar(batches, total, label, file=sys.stderr) as bar:
        yield from bar


@contextmanager
def training() -> Iterator[Callable[[Any], None] | None]:
    """Yield what shows each step of a training on one line of standard error.

    None where that is no terminal. The line is ended at the end.
    """
    if not sys.stderr.isatty():
        yield None
        return
    shown: list[str] = []

    def watch(position: Any) -> None:
        text = training_line(position)
        click.echo(
            "\r" + text.ljust(len(shown[-1]) if shown else 0), nl=False, err=True
        )
        shown.append(text)
        del shown[:-1]

    try:
        yield watch
    finally:
        if shown:
            click.echo(err=True)


def training_line(position: Any) -> str:
    """Return a position of a training (``epoch``, ``step``, ...) as a line of text."""
    minutes, seconds = divmod(round(position.left), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return (
        f"epoch {position.epoch + 1}/{position.epochs}, step {position.step}/"
        f"{position.steps}, loss {position.loss:.4f}, {position.rate:.0f} samples/s, "
        f"{left} left"
    )


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
