"""The ASGI application that serves the paths of TF Serving's REST API."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tfsnn.serve import description, rest
from tfsnn.serve.batching import Batcher
from tfsnn.serve.errors import NoModelError, RequestError
from tfsnn.serve.models import Models

MODEL = r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?"
RUN = re.compile(rf"{MODEL}:(predict|classify|regress)", re.IGNORECASE)
DESCRIBE = re.compile(rf"{MODEL}(/metadata)?", re.IGNORECASE)
READERS = {"predict": rest.predict_request, "classify": rest.classify_request}
RETRY_AFTER = "1"  # seconds until a client may ask again
# So much of a refused body is still read: a client reads the answer when it has sent.
DISCARDED_BYTES = 2**28

log = logging.getLogger(__name__)


class RestApi:
    """The REST API, which answers as many requests at a time as its bounds allow.

    Attributes:
        in_flight: number of requests that are being read, wait, or run.
    """

    def __init__(
        self,
        models: Models,
        batcher: Batcher,
        *,
        queue_size: int,
        max_request_bytes: int,
    ) -> None:
        """Take the models that answer, and the bounds.

        Args:
            models: the models, by name and version.
            batcher: queue that runs them in batches.
            queue_size: requests in flight at a time, from first byte to last.
            max_request_bytes: largest size of a body. Memory is bounded by
                `queue_size` times this.
        """
        self.models, self.batcher = models, batcher
        self.queue_size, self.max_request_bytes = queue_size, max_request_bytes
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        try:
            response = _json(await self._answer(request))
        except RequestError as error:
            response = _error_response(error)
        except ClientDisconnect:
            return
        except Exception as error:
            log.exception("%s %s", request.method, request.url.path)
            response = _error_response(
                RequestError(
                    f"{type(error).__name__}: {error}", HTTPStatus.INTERNAL_SERVER_ERROR
                )
            )
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> bytes:
        path, method = request.url.path, request.method
        if not path.lower().startswith("/v1/"):
            raise NoModelError(f"Not found: {path}; see /v1/models/NAME")
        if method == "POST" and (match := RUN.fullmatch(path)):
            name, number, label, verb = match.groups()
            return await self._run_request(request, name, _number(number, label), verb)
        if method == "GET" and (match := DESCRIBE.fullmatch(path)):
            name, number, label, metadata = match.groups()
            found = self._describe(name, _number(number, label), bool(metadata))
            return json.dumps(found, indent=1).encode()
        raise RequestError(f"Malformed request: {method} {path}")

    def _describe(
        self, name: str, number: int | None, metadata: bool
    ) -> dict[str, Any]:
        if metadata:
            return description.metadata(name, self.models.version(name, number))
        return description.status(self.models.states(name, number))

    async def _run_request(
        self, request: Request, name: str, number: int | None, verb: str
    ) -> bytes:
        reader = READERS.get(verb.lower())
        if reader is None:
            raise RequestError(
                f":{verb} is not served by this development server; ask :predict",
                HTTPStatus.NOT_IMPLEMENTED,
            )
        self.models.version(name, number)  # refuses an unknown one before the body
        incoming = Body(request)
        try:
            with self._admitted():
                body = await incoming.read(self.max_request_bytes)
                with self.models.using(name, number) as version:
                    parsed = await run_in_threadpool(reader, body, version)
                    del body
                    future = self.batcher.submit(parsed.signature, parsed.inputs)
                    outputs = await asyncio.wrap_future(future)
                return await run_in_threadpool(rest.answer, parsed, outputs)
        except RequestError:
            await incoming.discard()
            raise

    @contextmanager
    def _admitted(self) -> Any:
        if self.in_flight >= self.queue_size:
            raise RequestError(
                f"the queue is full: {self.queue_size} requests are being answered; "
                "try again later",
                HTTPStatus.SERVICE_UNAVAILABLE,
            )
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1


class Body:
    """The body of a request while it arrives."""

    def __init__(self, request: Request) -> None:
        """Prepare to read the body; nothing is read yet."""
        self._request, self._more = request, True

    async def read(self, limit: int) -> bytes:
        """Read the whole body.

        Raises:
            RequestError: 413, if the body has more bytes than the limit.
        """
        too_large = RequestError(
            f"the request is larger than {limit} bytes; send fewer samples at a time",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
        stated = self._request.headers.get("content-length", "")
        if stated.isdecimal() and int(stated) > limit:
            raise too_large
        body = bytearray()
        while self._more:
            body += await self._part()
            if len(body) > limit:
                raise too_large
        return bytes(body)

    async def discard(self) -> None:
        """Read what the client still sends, unless it waits for "100 Continue"."""
        left = 0 if "expect" in self._request.headers else DISCARDED_BYTES
        while self._more and left > 0:
            left -= len(await self._part())

    async def _part(self) -> bytes:
        message = await self._request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self._more = message.get("more_body", False)
        return message.get("body", b"")


def application(api: RestApi) -> Starlette:
    """Make the ASGI application, which ends the batcher's thread at shutdown."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(api.batcher.close)

    app = Starlette(lifespan=lifespan)
    app.mount("/", api)
    return app


def _number(number: str | None, label: str | None) -> int | None:
    if label is not None:  # labels come from TF Serving's configuration file alone
        raise RequestError(f"Unrecognized servable version label: {label}")
    return None if number is None else int(number)


def _json(body: bytes, status: int = HTTPStatus.OK) -> Response:
    return Response(body, status, media_type="application/json")


def _error_response(error: RequestError) -> Response:
    body = json.dumps({"error": str(error)}).encode()
    response = _json(body, error.status)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER
    return response
