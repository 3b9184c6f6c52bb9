"""A client's connection: it reads whole requests within limits, and sends answers.

A connection is in one stage at a time, and each stage but the work on an answer has a
time limit. Nothing is read while an answer is worked on or sent, so that a client that
sends requests without taking answers fills its own memory.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import h11

from tfsnn.serve.errors import RequestError
from tfsnn.serve.http import heads
from tfsnn.serve.http.connections import Connections
from tfsnn.serve.http.limits import HttpLimits
from tfsnn.serve.http.messages import Application, Request, Response, written
from tfsnn.serve.http.stages import AT_THE_END, CLOSING_SECONDS, READING, Stage

EVENTS_AT_A_TIME = 64  # then other connections have their turn
# So much of a refused body is still read: a client reads the answer when it has sent.
DISCARDED_BYTES = 2**28
SHORT = "the server has no room for more connections, and this one waited longest"


class Connection(asyncio.Protocol):
    """The connection of one client."""

    def __init__(
        self, application: Application, limits: HttpLimits, connections: Connections
    ) -> None:
        """Take what answers, the limits, and the connections that this one joins."""
        self._application, self._limits = application, limits
        self._connections = connections
        self._http = h11.Connection(h11.SERVER, limits.max_header_bytes)
        self._stage = Stage.HEAD
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._method = self._path = ""
        self._body = bytearray()
        self._discarded = 0
        self._answered = self._ending = False

    @property
    def held(self) -> int:
        """Bytes of a body that has not arrived whole."""
        return len(self._body)

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request."""
        self._transport, self._loop = transport, asyncio.get_running_loop()
        transport.set_write_buffer_limits(0)  # resume_writing: all has been taken
        self._enter(Stage.HEAD, self._limits.header_timeout)
        if not self._connections.enter(self):
            self._refuse(RequestError(SHORT, HTTPStatus.SERVICE_UNAVAILABLE))

    def connection_lost(self, error: Exception | None) -> None:
        """Leave; an answer that is worked on has nobody to go to."""
        self._enter(Stage.CLOSING, None)
        self._connections.leave(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests."""
        if self._stage is Stage.DISCARDING:
            self._discarded += len(data)
            if self._discarded > DISCARDED_BYTES:
                self.abort()
            return
        if self._stage is Stage.IDLE:
            self._enter(Stage.HEAD, self._limits.header_timeout)
        if self._stage in READING:
            self._http.receive_data(data)
            self._advance()

    def eof_received(self) -> bool:
        """Close, for the client sends no more; part of a request is refused first."""
        if self._stage not in READING:
            return False
        self._http.receive_data(b"")
        self._advance()
        if self._stage is Stage.DISCARDING:
            self._close()
        return True

    def resume_writing(self) -> None:
        """Go on once the client has taken an answer."""
        if self._stage is Stage.SENDING:
            self._sent()

    def cut(self) -> None:
        """Close to make room for another; a request that has begun is told."""
        if self._begun:
            self._cut_off(SHORT, HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self.abort()

    def end(self) -> None:
        """Take no further request; what has arrived whole is still answered."""
        self._ending = True
        if self._stage is not Stage.WORK:
            self._enter(self._stage, self._limits.send_timeout)

    def abort(self) -> None:
        """Close at once, whatever the client still waits for."""
        if self._task:
            self._task.cancel()
        self._transport.abort()

    @property
    def _begun(self) -> bool:
        """Whether a request has begun to arrive, and is not whole."""
        if self._stage is Stage.HEAD:
            return bool(self._http.trailing_data[0])
        return self._stage is Stage.BODY

    def _enter(self, stage: Stage, seconds: float | None) -> None:
        """Enter a stage that may take so many seconds."""
        self._stage = stage
        if self._timer:
            self._timer.cancel()
        if seconds is not None:
            limit = AT_THE_END[stage] if self._ending else seconds
            self._timer = self._loop.call_later(min(seconds, limit), self._expired)

    def _expired(self) -> None:
        """Close, for a stage took too long."""
        if self._begun and self._ending:
            self._cut_off("the server ends", HTTPStatus.SERVICE_UNAVAILABLE)
        elif self._begun:
            part, seconds = "headers", self._limits.header_timeout
            if self._stage is Stage.BODY:
                part, seconds = "body", self._limits.body_timeout
            late = f"the {part} of the request did not arrive within {seconds:g} s"
            self._cut_off(late, HTTPStatus.REQUEST_TIMEOUT)
        elif self._stage in READING:
            self._close()
        else:
            self.abort()

    def _cut_off(self, why: str, status: HTTPStatus) -> None:
        """Close while a request arrives, and say why."""
        self._send(RequestError(why, status))
        self._close()

    def _close(self) -> None:
        self._enter(Stage.CLOSING, CLOSING_SECONDS)
        self._transport.close()

    def _linger(self, seconds: float) -> None:
        """Close once the client has: what it still sends would end its reading."""
        self._enter(Stage.DISCARDING, seconds)
        self._transport.write_eof()
        self._transport.resume_reading()

    def _advance(self) -> None:
        """Take what has arrived, a few events at a time, for others wait too."""
        try:
            for _ in range(EVENTS_AT_A_TIME):
                if self._stage not in READING:
                    return
                event = self._http.next_event()
                if event is h11.NEED_DATA:
                    self._need_data()
                    return
                if isinstance(event, h11.ConnectionClosed):
                    self._close()
                    return
                self._take(event)
        except h11.RemoteProtocolError as error:
            self._refuse(heads.parse_error(error, self._limits))
        except RequestError as error:
            self._refuse(error)
        else:
            self._transport.pause_reading()
            self._loop.call_soon(self._advance)

    def _need_data(self) -> None:
        """Read on, unless the server ends and the last request is answered."""
        if self._ending and self._answered and self._stage is not Stage.BODY:
            self._linger(CLOSING_SECONDS)
        else:
            self._transport.resume_reading()

    def _take(self, event: Any) -> None:
        """Take one part of a request."""
        if isinstance(event, h11.Request):
            self._method, self._path = event.method.decode(), heads.path_of(event)
            heads.check_head(event, self._limits)
            self._enter(Stage.BODY, self._limits.body_timeout)
            if self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self._transport.write(self._http.send(go_on))
        elif isinstance(event, h11.Data):
            size = len(event.data)
            heads.check_body_size(self.held + size, self._limits)
            self._body += event.data
            self._connections.hold(self, size)
        elif isinstance(event, h11.EndOfMessage):
            self._work()

    def _work(self) -> None:
        self._enter(Stage.WORK, None)
        self._transport.pause_reading()
        self._connections.works(self)
        request = Request(self._method, self._path, bytes(self._body))
        self._body = bytearray()
        self._task = self._loop.create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        """Let the application answer, and send that."""
        response = await self._application(request)
        self._task = None
        if self._transport.is_closing():
            return
        self._enter(Stage.SENDING, self._limits.send_timeout)
        self._connections.waits(self)
        self._send(response)
        if not self._transport.get_write_buffer_size():
            self._sent()

    def _sent(self) -> None:
        """Go on to the next request, parts of which may have arrived already."""
        if self._http.our_state is not h11.DONE:  # it asked to be closed, or is told
            self._linger(CLOSING_SECONDS)
            return
        self._http.start_next_cycle()
        self._method, self._answered = "", True
        if self._http.trailing_data[0]:
            self._enter(Stage.HEAD, self._limits.header_timeout)
        else:
            self._enter(Stage.IDLE, self._limits.idle_timeout)
        self._advance()

    def _refuse(self, error: RequestError) -> None:
        """Answer with an error, and take no more requests."""
        self._connections.hold(self, -self.held)
        self._body = bytearray()
        self._send(error)
        self._linger(self._limits.body_timeout)

    def _send(self, answer: Response | RequestError) -> None:
        """Write an answer; one to a request that is not whole is the last."""
        last = self._ending and not self._http.trailing_data[0]
        if isinstance(answer, RequestError):
            answer, last = Response.of_error(answer), True
        events = written(answer, self._method, last)
        sent = (self._http.send(event) for event in events)
        self._transport.write(b"".join(part for part in sent if part))
