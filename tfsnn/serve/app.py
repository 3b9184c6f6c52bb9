"""The application that answers the paths of TF Serving's REST API."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from tfsnn.export.saved_model.over_time import STEP
from tfsnn.export.saved_model.versions import LARGEST_VERSION
from tfsnn.serve import description, rest
from tfsnn.serve.batching import Batcher
from tfsnn.serve.errors import NoModelError, RequestError
from tfsnn.serve.http import Request, Response
from tfsnn.serve.models import Models
from tfsnn.serve.sessions import Sessions, Turn, check_rows
from tfsnn.serve.signature import Arrays, Signature
from tfsnn.serve.version import Version

MODEL = r"/v1/models/([^/:]+)(?:/versions/([0-9]+)|/labels/([^/:]+))?"
RUN = re.compile(rf"{MODEL}:(predict|classify|regress)", re.IGNORECASE)
DESCRIBE = re.compile(rf"{MODEL}(/metadata)?", re.IGNORECASE)
READERS = {"predict": rest.predict_request, "classify": rest.classify_request}

log = logging.getLogger(__name__)


class RestApi:
    """The REST API, which answers as many requests at a time as its bound allows.

    Attributes:
        in_flight: number of requests that have arrived, and wait or run.
    """

    def __init__(
        self, models: Models, batcher: Batcher, sessions: Sessions, queue_size: int
    ) -> None:
        """Take the models that answer, and the bound.

        Args:
            models: the models, by name and version.
            batcher: queue that runs them in batches.
            sessions: states that last between requests.
            queue_size: requests in flight at a time.
        """
        self.models, self.batcher, self.sessions = models, batcher, sessions
        self.queue_size, self.in_flight = queue_size, 0

    async def __call__(self, request: Request) -> Response:
        """Answer one request; no error is raised."""
        try:
            return Response(await self._answer(request))
        except RequestError as error:
            return Response.of_error(error)
        except Exception as error:
            log.exception("%s %s", request.method, request.path)
            message = f"{type(error).__name__}: {error}"
            return Response.of_error(
                RequestError(message, HTTPStatus.INTERNAL_SERVER_ERROR)
            )

    async def _answer(self, request: Request) -> bytes:
        path, method = request.path, request.method
        if not path.lower().startswith("/v1/"):
            raise NoModelError(f"Not found: {path}; see /v1/models/NAME")
        if method == "POST" and (match := RUN.fullmatch(path)):
            name, number, label, verb = match.groups()
            return await self._run(request.body, name, _number(number, label), verb)
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

    async def _run(
        self, body: bytes, name: str, number: int | None, verb: str
    ) -> bytes:
        reader = READERS.get(verb.lower())
        if reader is None:
            raise RequestError(
                f":{verb} is not served by this development server; ask :predict",
                HTTPStatus.NOT_IMPLEMENTED,
            )
        with self._admitted():
            with self.models.using(name, number) as version:
                parsed = await asyncio.to_thread(reader, body, version)
                del body
                if parsed.turn is None:
                    outputs = await self._outputs(parsed.signature, parsed.inputs)
                else:
                    outputs = await self._next(name, version, parsed, parsed.turn)
            return await asyncio.to_thread(rest.answer, parsed, outputs)

    async def _outputs(self, signature: Signature, inputs: Arrays) -> Arrays:
        return await asyncio.wrap_future(self.batcher.submit(signature, inputs))

    async def _next(
        self, model: str, version: Version, request: rest.ParsedRequest, turn: Turn
    ) -> Arrays:
        """Give a session its next frame, and return the outputs without the state."""
        signature, inputs = request.signature, request.inputs
        names = version.state_names
        with self.sessions.turn(model, version, turn) as session:
            if session.state is not None:
                signature = version.signature(STEP)
                inputs = {**inputs, **session.state}
                check_rows(turn.name, request.inputs, session.state)
            outputs = await self._outputs(signature, inputs)
            session.advance({name: outputs[name] for name in names})
        return {name: x for name, x in outputs.items() if name not in names}

    @contextmanager
    def _admitted(self) -> Iterator[None]:
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


def _number(number: str | None, label: str | None) -> int | None:
    if label is not None:  # labels come from TF Serving's configuration file alone
        raise RequestError(f"Unrecognized servable version label: {label}")
    if number is None:
        return None
    digits = number.lstrip("0") or "0"
    if len(digits) > len(str(LARGEST_VERSION)) or int(digits) > LARGEST_VERSION:
        shown = number if len(number) <= 40 else f"{number[:40]}..."
        raise RequestError(f"Failed to convert version: {shown} to numeric.")
    return int(digits)
