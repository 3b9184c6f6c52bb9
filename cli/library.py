"""Commands that use the library: quiet imports, and what the library tells."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from .options import EnergyName
from .talk import say


class LibraryCommand(click.Command):
    """A command that uses the library, which is loaded once the arguments are good."""

    def invoke(self, ctx: click.Context) -> Any:
        """Load TensorFlow, silently, and run the command, telling what is logged."""
        if not ctx.find_root().params.get("debug") and not sys.warnoptions:
            warnings.simplefilter("ignore")
        if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "3":
            logging.getLogger("tensorflow").setLevel(logging.ERROR)
            if "tensorflow" not in sys.modules:
                with _silent():
                    import tensorflow  # noqa: F401
        for name, value in ctx.params.items():
            if isinstance(value, EnergyName):
                ctx.params[name] = value.profile()
        with _told():
            return super().invoke(ctx)


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing is written to file descriptor 2.

    TensorFlow 2.21 writes notes there on import, before it reads its log level.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class _Told(logging.Handler):
    """Writes log messages as other messages of the command line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one to standard error."""
        say(self.format(record))


@contextmanager
def _told() -> Iterator[None]:
    """What the library logs, such as what is left out or loaded, is told."""
    log, handler = logging.getLogger("tfsnn"), _Told(logging.INFO)
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(before)
        log.removeHandler(handler)
