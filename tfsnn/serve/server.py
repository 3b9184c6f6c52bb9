"""The development server: it takes a port, loads a folder's models, and answers."""

from __future__ import annotations

import dataclasses
import math
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfsnn.errors import OptionError
from tfsnn.serve.app import RestApi
from tfsnn.serve.batching import Batcher
from tfsnn.serve.errors import ServeError
from tfsnn.serve.http import HttpLimits, Service
from tfsnn.serve.models import Models
from tfsnn.serve.network import Loader
from tfsnn.serve.sessions import Sessions
from tfsnn.simulation.choice_of_engine import check_simulator
from tfsnn.simulation.compiled import TENSORFLOW
from tfsnn_numpy.defaults import (
    BATCH_TIMEOUT_MICROS,
    HOST,
    MAX_BATCH_SIZE,
    MAX_SESSIONS,
    NUM_VERSIONS,
    POLL_SECONDS,
    PORT,
    QUEUE_SIZE,
    SESSION_TIMEOUT,
)

# What may be 0, and then stands for any port, not waiting, and never.
FROM_ZERO = ("port", "batch_timeout_micros", "file_system_poll_wait_seconds")


@dataclass(frozen=True)
class ServerOptions(HttpLimits):
    """The options of a server, named as those of TF Serving; and its limits.

    Attributes:
        host: the address to listen at.
        engine: what simulates the networks among the versions, as
            :attr:`tfsnn.SpikingModel.engine`; TensorFlow runs SavedModels.
        port: 0 for any that is free.
        max_batch_size: samples run at a time, of one request or of several.
        batch_timeout_micros: microseconds that a request waits for others to join it.
        queue_size: requests at a time that have arrived and are not answered, beyond
            which the answer is 503. Bodies that arrive take at most so many times
            `max_request_bytes` of memory.
        num_versions: how many versions of each model are loaded, the newest.
        file_system_poll_wait_seconds: seconds after which the folder is looked into
            again; never if 0.
        max_sessions: sessions whose states are kept; one more takes the place of the
            one that has waited longest.
        session_timeout: seconds that a session lasts without a frame.

    Raises:
        OptionError: for a number below the least that makes sense, or an unknown
            engine.
        MissingPackageError: for an engine that is not installed.
    """

    host: str = HOST
    engine: str = TENSORFLOW
    port: int = PORT
    max_batch_size: int = MAX_BATCH_SIZE
    batch_timeout_micros: int = BATCH_TIMEOUT_MICROS
    queue_size: int = QUEUE_SIZE
    num_versions: int = NUM_VERSIONS
    file_system_poll_wait_seconds: float = POLL_SECONDS
    max_sessions: int = MAX_SESSIONS
    session_timeout: float = SESSION_TIMEOUT

    def __post_init__(self) -> None:
        """Refuse a number that is too small, or none, and an unknown engine."""
        check_simulator(self.engine)
        for field in dataclasses.fields(self):
            if field.name in ("host", "engine"):
                continue
            value, least = getattr(self, field.name), int(field.name not in FROM_ZERO)
            if field.name.endswith("_timeout"):
                if not 0 < value < math.inf:
                    raise OptionError(
                        f"{field.name}={value} must be a number of seconds above 0"
                    )
            elif not value >= least:  # or no number
                raise OptionError(f"{field.name}={value} must be at least {least}")


class Server:
    """A server with its port and its models, which answers once it runs.

    Attributes:
        models: models that the server answers for.
        url: address of the server, ``http://HOST:PORT``.
        api: application that answers the requests.
    """

    def __init__(
        self, folder: str | Path, options: ServerOptions | None = None
    ) -> None:
        """Take the port, then load the models; the arguments are those of `serve`."""
        chosen = options or ServerOptions()
        host = chosen.host
        self._socket = _listening(host, chosen.port)
        try:
            self.models = Models(
                Path(folder),
                chosen.num_versions,
                Loader(chosen.engine, chosen.max_batch_size),
            )
        except BaseException:
            self._socket.close()
            raise
        taken = self._socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{taken}"
        self.api = RestApi(
            self.models,
            Batcher(chosen.max_batch_size, chosen.batch_timeout_micros / 1e6),
            Sessions(chosen.max_sessions, chosen.session_timeout),
            chosen.queue_size,
        )
        most_bytes = chosen.queue_size * chosen.max_request_bytes
        self._service = Service(self.api, chosen, most_bytes)
        self._poll_seconds = chosen.file_system_poll_wait_seconds

    def run(self) -> None:
        """Answer until Ctrl-C, SIGTERM or :meth:`stop`; then finish what runs."""
        watching = threading.Thread(
            target=self.models.watch, args=(self._poll_seconds,), name="versions"
        )
        if self._poll_seconds:
            watching.start()
        try:
            self._service.run(self._socket)
            self.api.batcher.close()
        finally:
            self.models.close()
            if self._poll_seconds:
                watching.join()
            self._socket.close()

    def stop(self) -> None:
        """Make :meth:`run` end, as Ctrl-C does; any thread may call this."""
        self._service.stop()


def serve(
    folder: str | Path,
    *,
    announce: Callable[[Server], Any] = lambda server: None,
    **options: Any,
) -> None:
    """Answer requests for models, by TF Serving's REST API, until Ctrl-C.

    The server is for development: one process, no TLS, no authentication. Versions
    that appear in the folder meanwhile replace older ones (:mod:`tfsnn.serve.models`).

    Args:
        folder: folder of one model's versions, or of several models; or the ``.keras``
            file of a spiking network.
        announce: function that is called with the :class:`Server` once it accepts
            connections.
        options: the fields of :class:`ServerOptions`, by name.

    Raises:
        OptionError: if an option is out of range.
        ServeError: if the server cannot listen at this host and port.
        ModelError: if the folder has no model, or a version cannot be loaded.
    """
    server = Server(folder, ServerOptions(**options))
    announce(server)
    server.run()


def _listening(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, *_, address = found[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        reason = str(getattr(error, "strerror", None) or error).partition(" (")[0]
        raise ServeError(
            f"cannot listen at {host}, port {port}: {reason}; give another --port (0 "
            "for any free one) or --host, or stop the program that has it"
        ) from error
