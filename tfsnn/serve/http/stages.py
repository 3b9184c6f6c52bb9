"""What a connection is doing, and how long it may still do so at the end."""

from __future__ import annotations

from enum import Enum, auto


class Stage(Enum):
    """The stages of a connection."""

    IDLE = auto()  # answered, and nothing of a further request has arrived
    HEAD = auto()  # the line and headers of a request arrive
    BODY = auto()
    WORK = auto()  # the request has arrived whole
    SENDING = auto()  # the client takes the answer
    DISCARDING = auto()  # the answer was the last: what still arrives is thrown away
    CLOSING = auto()


READING = (Stage.IDLE, Stage.HEAD, Stage.BODY)
CLOSING_SECONDS = 1.0  # for the last bytes of a connection
# Seconds that each stage may still take when the server ends; work has no limit.
AT_THE_END = {stage: 0.2 for stage in READING} | {
    Stage.SENDING: 2.0,
    Stage.DISCARDING: 0.5,
    Stage.CLOSING: 0.5,
}
