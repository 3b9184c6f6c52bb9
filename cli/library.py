"""Commands that use the library: quiet imports, and its log as messages."""

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
        """Load TensorFlow silently, run the command, and show what is logged."""
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
        if (threads := ctx.params.pop("threads", None)) is not None:
            from tfsnn.simulation.threads import set_threads

            set_threads(threads)
        with _log_shown():
            return super().invoke(ctx)


@contextmanager
def _silent() -> Iterator[None]:
    """Discard all that is written to file descriptor 2.

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


class _Messages(logging.Handler):
    """A handler that writes log messages as the command line writes its own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message to standard error."""
        say(self.format(record))


@contextmanager
def _log_shown() -> Iterator[None]:
    """Show what the library logs, such as what is left out or loaded."""
    log, handler = logging.getLogger("tfsnn"), _Messages(logging.INFO)
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(before)
        log.removeHandler(handler)
