"""Batching: requests are joined to batches, which one thread runs one by one.

Requests of the same signature that wait at the same time are joined along the batch
axis; each gets its own part of the outputs. A request waits for others for
`wait` seconds at most, and not at all once the batch is full.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus

import numpy as np
import tensorflow as tf

from tfsnn.serve.errors import RequestError
from tfsnn.serve.signature import Arrays, Signature


@dataclass(frozen=True)
class QueuedRequest:
    """A request in the queue, with the future that gets its outputs."""

    signature: Signature
    inputs: Arrays
    answer: Future[Arrays] = field(default_factory=Future)
    arrived: float = field(default_factory=time.monotonic)

    @property
    def samples(self) -> int:
        """The batch size of the request; 1 where its inputs have no batch axis."""
        return max((len(x) for x in self.inputs.values() if x.ndim), default=1)


class Batcher:
    """A queue of requests, and the thread that runs them in batches."""

    def __init__(self, max_batch_size: int, wait: float) -> None:
        """Start the thread with an empty queue.

        Args:
            max_batch_size: samples run at a time; a request with more is run in parts.
            wait: seconds that a request waits for others to join it.
        """
        self.max_batch_size, self.wait = max_batch_size, wait
        self._queue: deque[QueuedRequest] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    def submit(self, signature: Signature, inputs: Arrays) -> Future[Arrays]:
        """Queue a request and return the future of its outputs.

        Raises:
            RequestError: 503 if the server is being shut down.
        """
        request = QueuedRequest(signature, inputs)
        with self._changed:
            if self._closed:
                raise RequestError(
                    "the server is shutting down", HTTPStatus.SERVICE_UNAVAILABLE
                )
            self._queue.append(request)
            self._changed.notify()
        return request.answer

    def close(self) -> None:
        """Answer all requests that wait, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next():
            running = [r for r in batch if r.answer.set_running_or_notify_cancel()]
            if running:
                self._run(running)

    def _next(self) -> list[QueuedRequest]:
        """Wait for the next batch to run; an empty one means that the queue closed."""
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            if not self._queue:
                return []
            first = self._queue[0]
            if not first.signature.joinable:
                return [self._queue.popleft()]
            while not self._closed and self._samples_like(first) < self.max_batch_size:
                left = first.arrived + self.wait - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return self._take_batch(first)

    def _samples_like(self, first: QueuedRequest) -> int:
        """Count the samples that wait for the same signature."""
        alike = (r for r in self._queue if r.signature is first.signature)
        return sum(request.samples for request in alike)

    def _take_batch(self, first: QueuedRequest) -> list[QueuedRequest]:
        """Take the first request and those that fit in its batch off the queue."""
        taken, left, room = [], deque[QueuedRequest](), self.max_batch_size
        for request in self._queue:
            fits = request.samples <= room or request is first
            if request.signature is first.signature and fits:
                taken.append(request)
                room -= request.samples
            else:
                left.append(request)
                if request.signature is first.signature:
                    room = 0  # no later request overtakes this one
        self._queue = left
        return taken

    def _run(self, batch: list[QueuedRequest]) -> None:
        """Answer a batch; if it fails, one by one, so that only the culprits fail."""
        try:
            outputs = self._outputs(batch)
        except Exception as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(_client_error(error))
                return
            for request in batch:
                self._run([request])
            return
        start = 0
        for request in batch:
            part = slice(start, start + request.samples)
            whole = len(batch) == 1
            own = outputs if whole else {k: v[part] for k, v in outputs.items()}
            request.answer.set_result(own)
            start += request.samples

    def _outputs(self, batch: list[QueuedRequest]) -> Arrays:
        signature = batch[0].signature
        if len(batch) == 1 and batch[0].samples <= self.max_batch_size:
            return signature(batch[0].inputs)
        inputs = _joined(request.inputs for request in batch)
        if not signature.joinable:
            return signature(inputs)
        samples = sum(request.samples for request in batch)
        return _joined(
            signature({k: v[i : i + self.max_batch_size] for k, v in inputs.items()})
            for i in range(0, samples, self.max_batch_size)
        )


def _joined(parts: Iterable[Arrays]) -> Arrays:
    found = list(parts)
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _client_error(error: Exception) -> Exception:
    """Turn TensorFlow's errors into answers; any other stays, and becomes a 500."""
    if isinstance(error, tf.errors.InvalidArgumentError):
        return RequestError(_first_line(error))
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return RequestError(_first_line(error), HTTPStatus.TOO_MANY_REQUESTS)
    return error


def _first_line(error: tf.errors.OpError) -> str:
    """Return the reason; the lines after it name nodes of the graph."""
    return error.message.partition("\n")[0]
