"""A request that has arrived whole, and its answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

import h11

from tfsnn.serve.errors import RequestError

RETRY_AFTER = "1"  # seconds until a client may ask again


@dataclass(frozen=True)
class Request:
    """A request that has arrived whole.

    Attributes:
        method: as the client wrote it, "GET" or "POST" for example.
        path: path of the URL, decoded; without the query.
        body: the body, empty where there is none.
    """

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """The answer to a request.

    Attributes:
        body: JSON.
        status: status of HTTP.
    """

    body: bytes
    status: HTTPStatus = HTTPStatus.OK

    @classmethod
    def of_error(cls, error: RequestError) -> Response:
        """Return the answer that tells an error in one line, as TF Serving's JSON."""
        told = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode()
            for c in str(error)
        )
        return cls(json.dumps({"error": told}).encode(), error.status)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers that describe the body, or say when to ask again."""
        found = [
            ("content-type", "application/json"),
            ("content-length", str(len(self.body))),
        ]
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            found.append(("retry-after", RETRY_AFTER))
        return found


def written(response: Response, method: str, last: bool) -> list[h11.Event]:
    """Return an answer as the events of h11.

    Args:
        response: the answer.
        method: of the request; there is no body in answers to HEAD.
        last: whether the connection is closed after it.
    """
    headers = [("date", formatdate(usegmt=True)), *response.headers]
    if last:
        headers.append(("connection", "close"))
    status = response.status
    head = h11.Response(status_code=status, headers=headers, reason=status.phrase)
    body = [] if method == "HEAD" else [h11.Data(data=response.body)]
    return [head, *body, h11.EndOfMessage()]


Application = Callable[[Request], Awaitable[Response]]
