"""The development server: it takes a port, loads a folder's models, and answers."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfsnn.errors import OptionError
from tfsnn.extras import require
from tfsnn.serve.batching import Batcher
from tfsnn.serve.errors import ServeError
from tfsnn.serve.models import Models
from tfsnn_numpy.defaults import (
    BATCH_TIMEOUT_MICROS,
    HOST,
    MAX_BATCH_SIZE,
    MAX_REQUEST_BYTES,
    NUM_VERSIONS,
    POLL_SECONDS,
    PORT,
    QUEUE_SIZE,
)

BACKLOG = 2048  # connections that wait to be accepted
PATIENCE = 30  # seconds that requests have to end after Ctrl-C


@dataclass(frozen=True)
class ServerOptions:
    """The options of a server, named as those of TF Serving.

    Attributes:
        host: the address to listen at.
        port: 0 for any that is free.
        max_batch_size: samples run at a time, of one request or of several.
        batch_timeout_micros: microseconds that a request waits for others to join it.
        queue_size: requests at a time, beyond which the answer is 503.
        max_request_bytes: size of a request, beyond which the answer is 413.
        num_versions: how many versions of each model are loaded, the newest.
        file_system_poll_wait_seconds: seconds after which the folder is looked into
            again; never if 0.

    Raises:
        OptionError: for a number below the least that makes sense.
    """

    host: str = HOST
    port: int = PORT
    max_batch_size: int = MAX_BATCH_SIZE
    batch_timeout_micros: int = BATCH_TIMEOUT_MICROS
    queue_size: int = QUEUE_SIZE
    max_request_bytes: int = MAX_REQUEST_BYTES
    num_versions: int = NUM_VERSIONS
    file_system_poll_wait_seconds: float = POLL_SECONDS

    def __post_init__(self) -> None:
        """Refuse a number that is too small, or none."""
        zero = ("port", "batch_timeout_micros", "file_system_poll_wait_seconds")
        for field in dataclasses.fields(self)[1:]:
            value, least = getattr(self, field.name), int(field.name not in zero)
            if not value >= least:  # or no number
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
        """Take the port, then load the models of the folder, as for :func:`serve`."""
        chosen = options or ServerOptions()
        self._uvicorn = require("uvicorn", "serve", "A server")
        require("starlette", "serve", "A server")
        from tfsnn.serve.app import RestApi, application

        host = chosen.host
        self._socket = _listening(host, chosen.port)
        try:
            self.models = Models(Path(folder), chosen.num_versions)
        except BaseException:
            self._socket.close()
            raise
        taken = self._socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{taken}"
        self.api = RestApi(
            self.models,
            Batcher(chosen.max_batch_size, chosen.batch_timeout_micros / 1e6),
            queue_size=chosen.queue_size,
            max_request_bytes=chosen.max_request_bytes,
        )
        config = self._uvicorn.Config(
            application(self.api),
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=PATIENCE,
        )
        self._server = self._uvicorn.Server(config)
        self._poll_seconds = chosen.file_system_poll_wait_seconds

    def run(self) -> None:
        """Answer until Ctrl-C, SIGTERM or :meth:`stop`; then finish what runs."""
        watching = threading.Thread(
            target=self.models.watch, args=(self._poll_seconds,), name="versions"
        )
        if self._poll_seconds:
            watching.start()
        try:
            self._server.run(sockets=[self._socket])
        except KeyboardInterrupt:  # uvicorn raises it again after it has shut down
            pass
        finally:
            self.models.close()
            if self._poll_seconds:
                watching.join()
            self._socket.close()

    def stop(self) -> None:
        """Make :meth:`run` end, as Ctrl-C does; any thread may call this."""
        self._server.should_exit = True


def serve(
    folder: str | Path,
    *,
    announce: Callable[[Server], Any] = lambda server: None,
    **options: Any,
) -> None:
    """Answer requests for exported models, by TF Serving's REST API, until Ctrl-C.

    The server is for development: one process, no TLS, no authentication. Versions
    that appear in the folder meanwhile replace older ones (:mod:`tfsnn.serve.models`).

    Args:
        folder: folder of one model's versions, or of several models.
        announce: function that is called with the :class:`Server` once it accepts
            connections.
        options: fields of :class:`ServerOptions`, by name.

    Raises:
        OptionError: if an option is out of range.
        MissingPackageError: without starlette and uvicorn.
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
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = str(getattr(error, "strerror", None) or error).partition(" (")[0]
        raise ServeError(
            f"cannot listen at {host}, port {port}: {reason}; give another --port (0 "
            "for any free one) or --host, or stop the program that has it"
        ) from error
