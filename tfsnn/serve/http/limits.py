"""The limits that a server sets its clients: seconds, bytes, and connections."""

from __future__ import annotations

from dataclasses import dataclass

from tfsnn_numpy.defaults import (
    BODY_TIMEOUT,
    HEADER_TIMEOUT,
    IDLE_TIMEOUT,
    MAX_CONNECTIONS,
    MAX_HEADER_BYTES,
    MAX_REQUEST_BYTES,
    MAX_URL_BYTES,
    SEND_TIMEOUT,
)


@dataclass(frozen=True)
class HttpLimits:
    """The limits of a server; what goes beyond one is answered, and cut off.

    Attributes:
        max_request_bytes: size of a body, beyond which the answer is 413.
        max_header_bytes: size of a request's line and headers together, beyond which
            the answer is 431.
        max_url_bytes: size of a URL, beyond which the answer is 414.
        max_connections: connections at a time. One more takes the place of the one
            that has waited longest, of those whose request has not arrived whole.
        header_timeout: seconds for the headers of a request; then the answer is 408.
        body_timeout: seconds for its body, from the headers on; then the answer is
            408.
        idle_timeout: seconds from an answer to the next request of a connection.
        send_timeout: seconds in which a client has to take an answer.
    """

    max_request_bytes: int = MAX_REQUEST_BYTES
    max_header_bytes: int = MAX_HEADER_BYTES
    max_url_bytes: int = MAX_URL_BYTES
    max_connections: int = MAX_CONNECTIONS
    header_timeout: float = HEADER_TIMEOUT
    body_timeout: float = BODY_TIMEOUT
    idle_timeout: float = IDLE_TIMEOUT
    send_timeout: float = SEND_TIMEOUT
