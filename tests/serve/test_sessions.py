"""A server keeps the states of streams: so many, so long, for those who name them."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from asking import ask, good, serving, write
from over_time import sequences, shared

from tfsnn.serve.errors import RequestError
from tfsnn.serve.sessions import Sessions, Turn

VIDEO = "/v1/models/video:predict"
FRAMES = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of a network that can be streamed, and of the same without that."""
    folder = tmp_path_factory.mktemp("streams")
    write(shared("smooth"), folder / "video", over_time=True)
    write(shared("smooth"), folder / "still")
    with serving(folder) as server:
        yield server


@pytest.fixture
def clock():
    return SimpleNamespace(now=100.0)


@pytest.fixture
def sessions(clock):
    """Two at most, for ten seconds each."""
    return Sessions(2, 10.0, lambda: clock.now)


class Version:
    def __init__(self, number):
        self.number = number


ONE, TWO = Version(1), Version(2)


def take(sessions, name, version=ONE, **turn):
    """Count the frames of a session."""
    with sessions.turn("video", version, Turn(name, **turn)) as session:
        before = 0 if session.state is None else int(session.state["frames"][0])
        session.advance({"frames": np.array([before + 1])})
    return before + 1


def refused(sessions, name, status, says, version=ONE, **turn):
    with pytest.raises(RequestError, match=says) as found:
        take(sessions, name, version, **turn)
    assert found.value.status == status


def body(frame, name="a", **more):
    return {"session": name, "instances": frame.tolist(), **more}


def test_each_session_is_a_stream(server):
    """Two of them, in turn and of other frames; each is as its own stream."""
    snn = shared("smooth")
    x = {
        name: sequences(snn, FRAMES, rows, rows)
        for name, rows in {"a": 1, "b": 3}.items()
    }
    streams = {name: snn.stream(len(x[name])) for name in x}
    for i in range(FRAMES):
        for name, stream in streams.items():
            frame, more = x[name][:, i], {} if i else {"session_start": True}
            rows = good(server, VIDEO, body(frame, name, **more))["predictions"]
            assert (np.float32(rows) == stream.step(frame)).all()


def test_a_session_begins_anew_and_ends(server):
    snn = shared("smooth")
    frame = sequences(snn, 1, 1)[:, 0]
    start, end = {"session_start": True}, {"session_end": True}
    first = good(server, VIDEO, body(frame, "c", **start))
    second = good(server, VIDEO, body(frame, "c"))
    assert good(server, VIDEO, body(frame, "c", **start)) == first != second
    assert good(server, VIDEO, body(frame, "c", **end)) == second
    status, _, found = ask(server, VIDEO, body(frame, "c"))
    assert status == 404 and 'video has no session "c": it never' in found["error"]
    assert '"session_start": true' in found["error"]


def test_wrong_requests_change_no_session(server):
    snn = shared("smooth")
    x = sequences(snn, 2, 2)
    good(server, VIDEO, body(x[:, 0], "d", session_start=True))
    still = VIDEO.replace("video", "still")
    wrong = {
        'the frame has 1 rows, the session "d" 2': body(x[:1, 1], "d"),
        "takes float32 (B, 6)": body(x[:, 1, :3], "d", session_start=True),
        "NaN, infinity": body(x[:, 1] * np.inf, "d"),
        "'session' must be text": body(x[:, 1], 5),
        "text of 1 to 200 characters": body(x[:, 1], ""),
        "'session_end' must be true or false": body(x[:, 1], "d", session_end=1),
        "given without 'session'": {"instances": [], "session_start": True},
        "leave 'signature_name' out": body(x[:, 1], "d", signature_name="step"),
    }
    for says, request in wrong.items():
        status, _, found = ask(server, VIDEO, request)
        assert status == 400 and says in found["error"], found
    status, _, found = ask(server, still, body(x[:, 1], "d", session_start=True))
    assert status == 400 and "export it with --over-time" in found["error"]
    stream = snn.stream(2)
    stream.step(x[:, 0])
    rows = good(server, VIDEO, body(x[:, 1], "d"))["predictions"]
    assert (np.float32(rows) == stream.step(x[:, 1])).all()


def test_frames_at_the_same_time_are_in_order_or_refused(server):
    """Each that is answered 200 is one more step; the others say 409."""
    snn = shared("smooth")
    frame = sequences(snn, 1, 1)[:, 0]
    good(server, VIDEO, body(frame, "e", session_start=True))
    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(lambda _: ask(server, VIDEO, body(frame, "e")), range(16))]
    statuses = [status for status, _, _ in answers]
    assert {*statuses} <= {200, 409} and 200 in statuses
    stream = snn.stream()
    for _ in range(1 + statuses.count(200)):
        stream.step(frame)
    rows = good(server, VIDEO, body(frame, "e"))["predictions"]
    assert (np.float32(rows) == stream.step(frame)).all()


def test_sessions_expire(sessions, clock):
    assert take(sessions, "a", start=True) == 1
    clock.now += 10
    assert take(sessions, "a") == 2
    clock.now += 10.5
    refused(sessions, "a", 404, "has expired: its last frame came 10 s ago")
    refused(sessions, "a", 404, "no session")
    assert len(sessions) == 0


def test_the_session_that_has_waited_longest_makes_room(sessions, clock):
    for name in "ab":
        take(sessions, name, start=True)
        clock.now += 1
    assert take(sessions, "a") == 2
    take(sessions, "c", start=True)
    assert len(sessions) == 2
    refused(sessions, "b", 404, "made room for newer ones .at most 2 are kept")
    assert take(sessions, "a") == 3
    clock.now += 20
    take(sessions, "d", start=True)
    assert len(sessions) == 1


def test_busy_sessions_are_left_alone(sessions):
    with sessions.turn("video", ONE, Turn("a", start=True)):
        refused(sessions, "a", 409, "is busy with another frame")
        refused(sessions, "a", 409, "is busy with another frame", start=True)
        with sessions.turn("video", ONE, Turn("b", start=True)):
            refused(sessions, "c", 503, "all 2 sessions are busy", start=True)
    assert len(sessions) == 2


def test_an_error_leaves_all_as_it_was(sessions):
    take(sessions, "a", start=True)
    for turn in (
        Turn("a"),
        Turn("a", start=True),
        Turn("a", end=True),
        Turn("b", True),
    ):
        with pytest.raises(ZeroDivisionError), sessions.turn("video", ONE, turn):
            raise ZeroDivisionError
    assert take(sessions, "a") == 2 and len(sessions) == 1


def test_a_session_is_of_one_version_and_model(sessions):
    take(sessions, "a", start=True)
    refused(sessions, "a", 404, "is of version 1 of video, and version 2 would", TWO)
    asked = sessions.turn("audio", ONE, Turn("a"))
    with pytest.raises(RequestError, match="audio has no session"), asked:
        pass
    assert take(sessions, "a") == 2
    assert take(sessions, "a", TWO, start=True) == 1
