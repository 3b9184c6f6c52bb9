"""What running an exported program raises on bad input.

The command line prints it without a traceback: exit code 2 for :class:`OptionError`,
1 for the rest.
"""

from __future__ import annotations


class RunError(Exception):
    """The base of every error that this package raises on purpose."""


class OptionError(RunError, ValueError):
    """An argument that does not exist or has an impossible value."""


class ProgramError(RunError):
    """An exported program that cannot be read, or not be run here."""


class DataError(RunError, ValueError):
    """Data that cannot be read or does not fit the program."""
