"""Slow clients are cut after a time, and make room for others when there is none."""

import resource
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from asking import PREDICT, ZEROS, ask, good, serving
from raw_http import answers, connect, head, held_open, received, request

from tfsnn.errors import OptionError
from tfsnn.serve.server import ServerOptions
from tfsnn.serve.signature import Signature

GOOD = {"instances": ZEROS}
HALF_A_HEAD = b"POST /v1/models/digits:predict HTTP/1.1\r\nHo"
HALF_A_BODY = head("POST", PREDICT, "Content-Length: 1000") + b"{"
LATE = "the {} of the request did not arrive within 0.5 s"


@pytest.fixture
def digits(exported_models):
    return exported_models[0] / "digits"


def ended(connection):
    """What comes until the server closes, and after how many seconds."""
    start = time.monotonic()
    raw = received(connection)
    return answers(raw), time.monotonic() - start


@pytest.mark.parametrize(
    "limit, sent, told",
    [
        ("header_timeout", b"", []),
        ("header_timeout", HALF_A_HEAD, [LATE.format("headers")]),
        ("body_timeout", HALF_A_BODY, [LATE.format("body")]),
        ("idle_timeout", request("/v1/models/digits"), [None]),
        ("header_timeout", request("/v1/models/digits") + b"G", [None, "headers"]),
    ],
)
def test_what_is_slow_is_cut(digits, limit, sent, told):
    with serving(digits, **{limit: 0.5}) as server, held_open(server, sent) as (one,):
        found, seconds = ended(one)
    assert 0.3 < seconds < 1.5
    for (status, answer), says in zip(found, told, strict=True):
        assert status == (408 if says else 200)
        assert not says or says in answer["error"]


@pytest.mark.parametrize("sent", [HALF_A_HEAD, HALF_A_BODY])
def test_a_byte_now_and_then_gives_no_more_time(digits, sent):
    """The time is that of the whole part, not of each byte."""
    limits = {"header_timeout": 0.5, "body_timeout": 0.5}
    with serving(digits, **limits) as server, held_open(server, sent) as (one,):
        start = time.monotonic()
        one.settimeout(0.05)
        raw = b""
        while time.monotonic() - start < 5:
            try:
                raw = one.recv(2**16)
                break
            except TimeoutError:
                one.sendall(b"x")
        assert time.monotonic() - start < 1.5
    assert answers(raw)[0][0] == 408


@pytest.mark.parametrize(
    "sent, told", [(b"", []), (HALF_A_HEAD, [400]), (HALF_A_BODY, [400])]
)
def test_a_client_that_sends_no_more_is_cut_at_once(digits, sent, told):
    with serving(digits) as server, held_open(server, sent) as (one,):
        one.shutdown(socket.SHUT_WR)
        found, seconds = ended(one)
    assert [status for status, _ in found] == told and seconds < 1


def test_a_whole_request_of_a_client_that_sends_no_more_is_answered(digits):
    with serving(digits) as server:
        expected = good(server, PREDICT, GOOD)
        with held_open(server, request(PREDICT, GOOD)) as (one,):
            one.shutdown(socket.SHUT_WR)
            assert ended(one)[0] == [(200, expected)]


def test_bodies_that_do_not_arrive_take_no_place_in_the_queue(digits):
    """100 of them shut everybody else out before."""
    with (
        serving(digits, queue_size=1) as server,
        held_open(server, HALF_A_BODY, 100),
    ):
        start = time.monotonic()
        good(server, PREDICT, GOOD)
        assert time.monotonic() - start < 1
        assert server.api.in_flight == 0


@pytest.mark.parametrize("sent", [b"", HALF_A_HEAD, HALF_A_BODY])
def test_the_longest_waiting_makes_room(digits, sent):
    """Of 30 slow ones, and one answered, ten stay: the last ones."""
    with serving(digits, max_connections=10) as server:
        with held_open(server, sent, 30, 0.02) as slow:
            good(server, PREDICT, GOOD)
            for one in slow[:21]:
                found = answers(received(one))
                assert [status for status, _ in found] == ([503] if sent else [])
            for one in slow[21:]:
                one.settimeout(0.01)
                with pytest.raises(TimeoutError):
                    one.recv(1)
        good(server, PREDICT, GOOD)


def test_requests_in_work_are_not_cut_for_others(digits, monkeypatch):
    """A further connection is turned away; the two in work are answered."""
    run = Signature.__call__

    def slowly(signature, inputs):
        time.sleep(0.5)
        return run(signature, inputs)

    with (
        serving(digits, max_connections=2, max_batch_size=1) as server,
        ThreadPoolExecutor(2) as pool,
    ):
        monkeypatch.setattr(Signature, "__call__", slowly)
        in_work = [pool.submit(ask, server, PREDICT, GOOD) for _ in range(2)]
        deadline = time.monotonic() + 10
        while server.api.in_flight < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        with connect(server) as one:
            ((status, answer),), seconds = ended(one)
        assert status == 503 and "no room" in answer["error"] and seconds < 0.4
        assert [each.result()[0] for each in in_work] == [200, 200]


def test_bodies_that_arrive_are_bounded_together(digits):
    """Here to 2 * 1000 bytes: the oldest body makes room for the third."""
    body = head("POST", PREDICT, "Content-Length: 900") + b" " * 890
    limits = {"queue_size": 2, "max_request_bytes": 1000}
    with serving(digits, **limits) as server, held_open(server, body, 3) as slow:
        (oldest, *others) = slow
        assert [status for status, _ in ended(oldest)[0]] == [503]
        for one in others:
            one.sendall(b" " * 10)
            ((status, answer),) = answers(one.recv(2**16))
            assert status == 400 and "JSON Parse error" in answer["error"]
        small = {"inputs": [[0]]}
        for _ in range(5):  # what was held is given back
            assert ask(server, PREDICT, small)[0] == 400


def test_a_client_that_takes_no_answers_is_cut(exported_models, digits):
    """It asks on and on; what it does not take does not pile up in the server."""
    x = np.zeros((64, 6, 6, 2)).tolist()
    body = request(PREDICT, {"instances": x, "signature_name": "anytime"})
    with serving(digits, send_timeout=0.5) as server, connect(server) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(0.2)
        start = time.monotonic()
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while time.monotonic() - start < 30:
                try:
                    one.sendall(body * 100)
                except TimeoutError:
                    continue
        good(server, PREDICT, GOOD)


def test_a_stop_does_not_wait_for_slow_clients(digits):
    """Each kind of them, and one that takes no answer."""
    with serving(digits) as server:
        opened = [connect(server) for _ in range(5)]
        kinds = [b"", HALF_A_HEAD, HALF_A_BODY, request("/v1/models/digits")]
        for one, sent in zip(opened, [*kinds, b"x\r\n\r\n"], strict=True):
            one.sendall(sent)
        time.sleep(0.3)
        start = time.monotonic()
        server.stop()
        told = [[status for status, _ in ended(one)[0]] for one in opened]
        assert told == [[], [503], [503], [200], [400]]
        assert time.monotonic() - start < 2
        for one in opened:
            one.close()
    assert time.monotonic() - start < 3


def test_there_are_no_more_connections_than_files(digits, monkeypatch):
    """Of 196 files 192 are for other things; a fifth connection might not open."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (196, 196))
    with serving(digits) as server, held_open(server, b"", 6, 0.05) as slow:
        assert [ended(one)[0] for one in slow[:2]] == [[], []]
        for one in slow[2:]:
            one.settimeout(0.05)
            with pytest.raises(TimeoutError):
                one.recv(1)


@pytest.mark.parametrize("given", [0, -1.0, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(given):
    for limit in ("header_timeout", "body_timeout", "idle_timeout", "send_timeout"):
        with pytest.raises(
            OptionError, match=f"{limit}={given} must be a number of seconds"
        ):
            ServerOptions(**{limit: given})
