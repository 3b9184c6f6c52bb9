"""The open connections of a server, and which of them makes room for another."""

from __future__ import annotations

import asyncio
from typing import Protocol

TICK = 0.05  # seconds between looks whether all have ended


class Waiting(Protocol):
    """A connection, as :class:`Connections` sees it."""

    @property
    def held(self) -> int:
        """Bytes of a body that has not arrived whole."""

    def cut(self) -> None:
        """Be closed to make room for another."""

    def end(self) -> None:
        """Be closed once what has arrived whole is answered."""

    def abort(self) -> None:
        """Be closed at once."""


class Connections:
    """The open connections, bounded in number and in the bytes that they hold.

    Beyond a bound the connection that has waited longest is cut. All connections wait
    but those whose request is in work: slow clients make room for others, and a
    request that has arrived is answered.
    """

    def __init__(self, most: float, most_bytes: int) -> None:
        """Start with none.

        Args:
            most: connections at a time.
            most_bytes: bytes of bodies that have not arrived whole, of all together.
        """
        self._most, self._most_bytes = most, most_bytes
        self._all: set[Waiting] = set()
        self._waiting: dict[Waiting, None] = {}  # those that have waited longest first
        self._held = 0
        self._ending = False

    def enter(self, connection: Waiting) -> bool:
        """Add a connection, and say whether there is room for it."""
        full = len(self._all) >= self._most
        if full and self._waiting:
            self._cut(next(iter(self._waiting)))
        self._all.add(connection)
        self._waiting[connection] = None
        if self._ending:
            connection.end()
        return not full or len(self._all) <= self._most

    def leave(self, connection: Waiting) -> None:
        """Take away a connection; one that has left already is none."""
        self.works(connection)
        self._all.discard(connection)

    def works(self, connection: Waiting) -> None:
        """Take note that the request of a connection has arrived, or will not."""
        if connection in self._waiting:
            del self._waiting[connection]
            self._held -= connection.held

    def waits(self, connection: Waiting) -> None:
        """Take note that the request of a connection is answered."""
        self._waiting[connection] = None

    def hold(self, connection: Waiting, size: int) -> None:
        """Take note that a waiting connection holds so many more bytes, or less."""
        self._held += size
        while self._held > self._most_bytes:
            self._cut(next(each for each in self._waiting if each.held))

    def _cut(self, connection: Waiting) -> None:
        self.leave(connection)
        connection.cut()

    async def end(self, patience: float) -> None:
        """Close all connections, within so many seconds."""
        self._ending = True
        for connection in [*self._all]:
            connection.end()
        now = asyncio.get_running_loop().time
        deadline = now() + patience
        while self._all and now() < deadline:
            await asyncio.sleep(TICK)
        for connection in [*self._all]:
            connection.abort()
