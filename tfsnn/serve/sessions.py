"""Sessions: the states of streams that the server keeps between requests.

A client names its session in each request and sends a frame; the state of the network
stays here. There are only so many sessions, each of which lasts only so long without a
frame.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import numpy as np

from tfsnn.serve.errors import RequestError
from tfsnn.serve.signature import Arrays
from tfsnn.serve.version import Version

BEGIN = 'begin it with "session_start": true'


@dataclass(frozen=True)
class Turn:
    """What a request says of its session.

    Attributes:
        name: the session.
        start: whether it begins with this frame.
        end: whether it ends with this frame.
    """

    name: str
    start: bool = False
    end: bool = False


class Session:
    """The state of one session, which one request at a time may advance.

    Attributes:
        state: tensors by name, ``(B, ...)``; None before the first frame.
    """

    def __init__(self, version: Version) -> None:
        """Begin a session of a version, which it does not keep loaded."""
        self.state: Arrays | None = None
        self.version = weakref.ref(version)
        self.number = version.number
        self.busy = False
        self.used = 0.0

    def advance(self, state: Arrays) -> None:
        """Take the state after a frame, a copy: it may be a part of a whole batch."""
        self.state = {name: np.array(values) for name, values in state.items()}


class Sessions:
    """All sessions of a server; any thread may take a turn."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with none.

        Args:
            most: sessions at a time; one more takes the place of the one that has
                waited longest.
            seconds: how long a session lasts without a frame.
            clock: function that returns the time in seconds.
        """
        self.most, self.seconds, self._clock = most, seconds, clock
        self._known: dict[tuple[str, str], Session] = {}
        self._lock = threading.Lock()  # guards the dict and the fields of sessions

    def __len__(self) -> int:
        """The number of sessions that are kept."""
        with self._lock:
            return len(self._known)

    @contextmanager
    def turn(self, model: str, version: Version, turn: Turn) -> Iterator[Session]:
        """Yield the session of a request, which has it alone meanwhile.

        If an error is raised, all is as before: a session that would begin does not,
        and the one that it would replace goes on.

        Raises:
            RequestError: 404 if the session is not known, has expired or is of another
                version; 409 if another request has it; 503 if all others are busy.
        """
        key = (model, turn.name)
        with self._lock:
            before = self._known.get(key)
            if before is not None and before.busy:
                raise RequestError(
                    f'the session "{turn.name}" is busy with another frame; send the '
                    "next one after its answer",
                    HTTPStatus.CONFLICT,
                )
            if turn.start:
                self._make_room(key)
                session = Session(version)
            else:
                session = self._found(key, before, version)
            session.busy = True
            self._known[key] = session
        after = before
        try:
            yield session
            session.used = self._clock()
            after = None if turn.end else session
        finally:
            with self._lock:
                del self._known[key]
                if after is not None:
                    after.busy = False
                    self._known[key] = after

    def _found(
        self, key: tuple[str, str], session: Session | None, version: Version
    ) -> Session:
        """Return a session that goes on; raise an error if there is none."""
        model, name = key
        if session is None:
            raise _gone(
                f'{model} has no session "{name}": it never began, has ended, had no '
                f"frame for {self.seconds:g} s, or made room for newer ones (at most "
                f"{self.most} are kept)"
            )
        age = self._clock() - session.used
        if age > self.seconds:
            del self._known[key]
            raise _gone(
                f'the session "{name}" has expired: its last frame came {age:.0f} s '
                f"ago, and sessions last {self.seconds:g} s"
            )
        if session.version() is not version:
            raise _gone(
                f'the session "{name}" is of version {session.number} of {model}, and '
                f"version {version.number} would answer"
            )
        return session

    def _make_room(self, key: tuple[str, str]) -> None:
        """Drop what has expired, and while there is no room the oldest that is idle."""
        now, others = self._clock(), {*self._known} - {key}
        idle = [each for each in others if not self._known[each].busy]
        for each in sorted(idle, key=lambda one: self._known[one].used):
            expired = now - self._known[each].used > self.seconds
            if expired or len(others) >= self.most:
                others.remove(each)
                del self._known[each]
        if len(others) >= self.most:
            raise RequestError(
                f"all {self.most} sessions are busy; try again later",
                HTTPStatus.SERVICE_UNAVAILABLE,
            )


def check_rows(session: str, frame: Arrays, state: Arrays) -> None:
    """Refuse a frame of other rows than those of a session.

    Raises:
        RequestError: for another number of rows.
    """
    given, kept = (len(next(iter(each.values()))) for each in (frame, state))
    if given != kept:
        raise RequestError(
            f'the frame has {given} rows, the session "{session}" {kept}: send as many '
            f"in each frame, or {BEGIN}"
        )


def _gone(reason: str) -> RequestError:
    return RequestError(f"{reason}; {BEGIN}", HTTPStatus.NOT_FOUND)
