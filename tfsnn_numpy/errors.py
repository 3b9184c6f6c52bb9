"""The errors that tfsnn raises on bad input, with TensorFlow and without.

Every message says what is wrong, where, what was received, and the way out. The
command line prints it without a traceback: exit code 2 for :class:`OptionError`,
1 for the rest. Errors of one package alone are defined there, under these.
"""

from __future__ import annotations


class TfsnnError(Exception):
    """The base of every error that tfsnn raises on purpose."""


class OptionError(TfsnnError, ValueError):
    """An argument that does not exist or has an impossible value."""


class DataError(TfsnnError, ValueError):
    """Data that cannot be read or does not fit the model."""
