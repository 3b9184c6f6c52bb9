"""Checks of the line and the headers of a request, before its body is read."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import unquote

import h11

from tfsnn.serve.errors import RequestError
from tfsnn.serve.http.limits import HttpLimits

VERSIONS = (b"1.0", b"1.1")


def check_head(head: h11.Request, limits: HttpLimits) -> None:
    """Refuse a request by its line and headers.

    Raises:
        RequestError: 414 or 431 if they are too large, 413 if the body that they
            announce is, 400 if they contradict themselves.
    """
    if head.http_version not in VERSIONS:
        version = head.http_version.decode()
        raise RequestError(f"HTTP/{version} is not served; ask in HTTP/1.1")
    if len(head.target) > limits.max_url_bytes:
        raise RequestError(
            f"the URL is longer than {limits.max_url_bytes} bytes; ask "
            "/v1/models/NAME:predict",
            HTTPStatus.REQUEST_URI_TOO_LONG,
        )
    size = len(head.method) + len(head.target)
    size += sum(len(name) + len(value) for name, value in head.headers)
    if size > limits.max_header_bytes:
        raise headers_too_large(limits)
    given = dict(head.headers)
    if b"transfer-encoding" in given and b"content-length" in given:
        raise RequestError("Transfer-Encoding and Content-Length are given; give one")
    check_body_size(int(given.get(b"content-length", b"0")), limits)


def check_body_size(size: int, limits: HttpLimits) -> None:
    """Refuse a body of too many bytes.

    Raises:
        RequestError: 413.
    """
    if size > limits.max_request_bytes:
        raise RequestError(
            f"the request is larger than {limits.max_request_bytes} bytes; send fewer "
            "samples at a time",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )


def headers_too_large(limits: HttpLimits) -> RequestError:
    """Make the error 431."""
    return RequestError(
        f"the headers are larger than {limits.max_header_bytes} bytes; send fewer",
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    )


def parse_error(error: h11.RemoteProtocolError, limits: HttpLimits) -> RequestError:
    """Make the error for bytes that are no HTTP: 431 if they do not end, else 400."""
    if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
        return headers_too_large(limits)
    return RequestError(f"Malformed request: {error}")


def path_of(head: h11.Request) -> str:
    """Return the path of a request's URL, decoded; bytes that are no UTF-8 become �."""
    return unquote(head.target.partition(b"?")[0].decode("ascii"))
