"""What tfsnn raises on bad input: one tree under :class:`TfsnnError`.

Those that need no network to speak of are shared with the runner of exported programs
and come from :mod:`tfsnn_numpy.errors`, which says how they reach the user.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from tfsnn_numpy.errors import DataError, OptionError, TfsnnError

__all__ = [
    "CalibrationError",
    "DataError",
    "ModelError",
    "OptionError",
    "OutputError",
    "TfsnnError",
    "UnsupportedError",
    "WorkerError",
]


class ModelError(TfsnnError):
    """A model that cannot be read, or is not of a form that can be converted."""


class CalibrationError(TfsnnError):
    """Statistics from which no spiking network can be planned."""


class WorkerError(TfsnnError):
    """A worker of a distributed run that did not come, was lost, or does other work."""


class OutputError(TfsnnError, OSError):
    """A result that cannot be written."""


class UnsupportedError(ModelError):
    """Layers that cannot be converted: all of them, each with its way out.

    `problems` holds one ``(layer name, layer class, reason)`` per layer.
    """

    def __init__(
        self,
        problems: Sequence[tuple[str, str, str]],
        what: str = "layer(s) cannot be converted",
    ) -> None:
        self.problems = tuple(problems)
        lines = [f"{len(self.problems)} {what}:"]
        lines += [
            f"  {name} ({kind}): {reason}" for name, kind, reason in self.problems
        ]
        super().__init__("\n".join(lines))


def unknown(what: str, received: str, known: Iterable[str]) -> OptionError:
    """Return the error for a name that does not exist, with those that do.

    Args:
        what: the kind of thing that it should name, as in "method".
        received: the name.
        known: the names that exist; the closest is proposed.
    """
    listed = list(known)
    close = difflib.get_close_matches(received, listed, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return OptionError(
        f"unknown {what}: {received!r}; known: {', '.join(listed)}{hint}"
    )
