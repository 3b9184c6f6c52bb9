"""The errors that tfsnn raises on bad input, with TensorFlow and without.

Every message says what is wrong, where, what was received, and the way out. The
command line prints it without a traceback: exit code 2 for :class:`OptionError`,
1 for the rest. Errors of one package alone are defined there, under these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class TfsnnError(Exception):
    """The base of every error that tfsnn raises on purpose."""


class OptionError(TfsnnError, ValueError):
    """An argument that does not exist or has an impossible value."""


class DataError(TfsnnError, ValueError):
    """Data that cannot be read or does not fit the model."""


@contextmanager
def plain_interrupts() -> Iterator[None]:
    """Let Ctrl-C leave the block as :class:`KeyboardInterrupt`, wherever it came.

    A signal that arrives inside a function of C (an array of NumPy that is being made,
    say) may come out as ``SystemError: ... returned a result with an exception set``,
    with the interrupt as its cause.
    """
    try:
        yield
    except SystemError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise
