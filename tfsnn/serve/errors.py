"""What a server cannot do: start, or answer a request."""

from __future__ import annotations

from http import HTTPStatus

from tfsnn.errors import TfsnnError


class ServeError(TfsnnError):
    """A server that cannot start where it was told to."""


class RequestError(TfsnnError):
    """A request that gets no answer: the HTTP status, and what is told to the client.

    The statuses are those that TF Serving maps its own errors to.
    """

    def __init__(
        self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST
    ) -> None:
        super().__init__(message)
        self.status = status


class NoModelError(RequestError):
    """A model, or a version of one, that is not served: 404."""

    def __init__(self, message: str) -> None:
        super().__init__(message, HTTPStatus.NOT_FOUND)
