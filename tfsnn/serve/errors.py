"""Errors of a server that cannot start or cannot answer a request."""

from __future__ import annotations

from http import HTTPStatus

from tfsnn.errors import TfsnnError


class ServeError(TfsnnError):
    """The server cannot listen at the host and port that were given."""


class RequestError(TfsnnError):
    """A request cannot be answered: the HTTP status, and the message to the client.

    The statuses are those that TF Serving gives for its own errors.
    """

    def __init__(
        self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST
    ) -> None:
        super().__init__(message)
        self.status = status


class NoModelError(RequestError):
    """A model, or a version of it, is not served: status 404."""

    def __init__(self, message: str) -> None:
        super().__init__(message, HTTPStatus.NOT_FOUND)
