"""Read ahead in a thread, so that reading and computing overlap."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Full, Queue
from typing import TypeVar

Item = TypeVar("Item")
DEPTH = 2  # batches that wait to be used
PATIENCE = 0.1  # seconds between checks whether the iterator was closed


def prefetched(items: Iterator[Item], depth: int = DEPTH) -> Iterator[Item]:
    """Yield the items, read by a thread `depth` ahead, whose errors are raised here.

    The thread ends with the iterator, or soon after that is closed.
    """
    waiting: Queue[tuple[Item | None, BaseException | None]] = Queue(depth)
    stopped = threading.Event()

    def put(item: Item | None, error: BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                waiting.put((item, error), timeout=PATIENCE)
            except Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for item in items:
                if not put(item, None):
                    break
        except BaseException as error:  # raised again where items are used
            put(None, error)
        else:
            put(None, StopIteration())
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=read, name="reading ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]  # None is for errors only
    finally:
        stopped.set()
        thread.join()
