"""A service: an application behind a listening socket, until it is told to stop."""

from __future__ import annotations

import asyncio
import math
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tfsnn.serve.http.connection import Connection
from tfsnn.serve.http.connections import TICK, Connections
from tfsnn.serve.http.limits import HttpLimits
from tfsnn.serve.http.messages import Application

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

BACKLOG = 128  # connections that wait to be accepted
OTHER_FILES = 64  # that the process may have open beside its connections
PATIENCE = 30.0  # seconds for the requests that have arrived when the service stops
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Service:
    """An application that answers the clients of a listening socket."""

    def __init__(
        self, application: Application, limits: HttpLimits, most_bytes: int
    ) -> None:
        """Take what answers, and the bounds.

        Args:
            application: coroutine function that answers a request.
            limits: limits of the clients.
            most_bytes: bytes of bodies that arrive, of all clients together.
        """
        self._application, self._limits = application, limits
        most = min(limits.max_connections, _possible())
        self._connections = Connections(most, most_bytes)
        self._stopped = False

    def run(self, listener: socket.socket) -> None:
        """Answer until SIGINT, SIGTERM or :meth:`stop`; then finish what has arrived.

        A second signal ends the process at once. In another thread than the main one,
        signals are left alone.
        """
        with _at_signals(self.stop):
            asyncio.run(self._serve(listener))

    def stop(self) -> None:
        """Make :meth:`run` end; any thread may call this, and a signal handler."""
        self._stopped = True

    async def _serve(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._connect, sock=listener, backlog=BACKLOG)
        while not self._stopped:
            await asyncio.sleep(TICK)
        server.close()
        await self._connections.end(PATIENCE)

    def _connect(self) -> Connection:
        return Connection(self._application, self._limits, self._connections)


def _possible() -> float:
    """Return for how many connections there are files, of which each takes one."""
    if resource is None:
        return math.inf
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return math.inf
    return max(files - BACKLOG - OTHER_FILES, 1)


@contextmanager
def _at_signals(act: Any) -> Iterator[None]:
    """Call a function at the first signal to end, and leave the next to Python."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(*_: Any) -> None:
        restore()
        act()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        restore()
