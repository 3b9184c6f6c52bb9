"""Bytes that are no proper HTTP are answered 4xx in JSON, at once, and cut off."""

import random
import time

import pytest
from asking import PREDICT, ZEROS, ask, good, serving
from raw_http import answers, connect, exchange, head, received, request

LIMIT = 20_000  # bytes of a request
LAST = "Connection: close"


@pytest.fixture(scope="module")
def server(exported_models):
    with serving(exported_models[0], max_request_bytes=LIMIT) as server:
        yield server


def refused(server, data, status=None, says=""):
    """Check that the last answer to bytes is an error of the client's, told at once."""
    found, seconds = exchange(server, data)
    (number, error) = found[-1]
    assert seconds < 1
    assert 400 <= number < 500 and status in (None, number), found
    assert {*error} == {"error"} and error["error"], found
    assert "\n" not in error["error"] and "Traceback" not in error["error"]
    assert says in error["error"]


def length(value):
    return head("POST", PREDICT, f"Content-Length: {value}") + b"{}"


def coded(value, chunks=b"2\r\n{}\r\n0\r\n\r\n", *lines):
    return head("POST", PREDICT, f"Transfer-Encoding: {value}", *lines) + chunks


BODIES = {
    "negative": (length(-2), 400, "Content-Length"),
    "signed": (length("+2"), 400, "Content-Length"),
    "hexadecimal": (length("0x2"), 400, "Content-Length"),
    "decimal": (length("2.0"), 400, "Content-Length"),
    "empty": (length(""), 400, "Content-Length"),
    "other digits": (length("\xb2"), 400, "Content-Length"),
    "two": (length("2\r\nContent-Length: 3"), 400, "conflicting"),
    "listed": (length("2, 3"), 400, "conflicting"),
    "20 digits": (length("9" * 20), 413, f"larger than {LIMIT}"),
    "21 digits": (length("9" * 21), 400, "Content-Length"),
    "5000 digits": (length("9" * 5000), 400, "Content-Length"),
    "one more": (length(LIMIT + 1), 413, f"larger than {LIMIT}"),
    "both": (coded("chunked", b"0\r\n\r\n", "Content-Length: 2"), 400, "give one"),
    "gzip": (coded("gzip"), 400, "Transfer-Encoding"),
    "twice": (coded("chunked, chunked"), 400, "Transfer-Encoding"),
    "no size": (coded("chunked", b"z\r\n{}\r\n"), 400, "Malformed"),
    "negative size": (coded("chunked", b"-1\r\n{}\r\n"), 400, "Malformed"),
    "vast size": (coded("chunked", b"f" * 30 + b"\r\n{}\r\n"), 400, "Malformed"),
    "wrong size": (coded("chunked", b"1\r\n{}\r\n0\r\n\r\n"), 400, "Malformed"),
    "endless size": (coded("chunked", b"0" * LIMIT), 431, "headers"),
    "many chunks": (coded("chunked", b"1\r\n \r\n" * (LIMIT + 1)), 413, "larger"),
}
HEADS = {
    "nothing": (b"\r\n\r\n", 400, "Malformed"),
    "words": (b"HELLO\r\n\r\n", 400, "Malformed"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(80), 400, "Malf"),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 400, "Malformed"),
    "HTTP/0.9": (b"GET /v1/models/digits\r\n\r\n", 400, "Malformed"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "HTTP/2.0 is not served"),
    "no host": (b"GET /v1/models/digits HTTP/1.1\r\n\r\n", 400, "Host"),
    "no colon": (head("GET", "/v1/", "x"), 400, "Malformed"),
    "a space": (head("GET", "/v1/", "x : y"), 400, "Malformed"),
    "NUL": (head("GET", "/v1/", "x: \x00"), 400, "Malformed"),
    "a bare path": (head("GET", "v1/\x80"), 400, "Malformed"),
    "long line": (head("GET", "/v1/", "x: " + "y" * 17_000), 431, "16384 bytes"),
    "many lines": (head("GET", "/v1/", *["x: y" * 20] * 300), 431, "16384 bytes"),
    "endless line": (b"GET /" + b"y" * 20_000, 431, "16384 bytes"),
    "long URL": (head("GET", "/v1/" + "y" * 9000), 414, "8192 bytes"),
}
PATHS = {
    "NUL": ("/v1/models/%00:predict", 404, r"Latest(\x00)"),
    "no UTF-8": ("/v1/models/%ff%fe:predict", 404, "not found"),
    "a new line": ("/v1/models/%0A", 400, r"POST /v1/models/\n"),
    "a slash": ("/v1/models/a%2Fb:predict", 400, "Malformed"),
    "up": ("/v1/models/../../etc/passwd", 400, "Malformed"),
    "whole URL": ("http://a/v1/models/digits:predict", 404, "Not found"),
    "star": ("*", 404, "Not found"),
    "other digits": ("/v1/models/digits/versions/%D9%A1:predict", 400, "Malformed"),
    "negative": ("/v1/models/digits/versions/-1:predict", 400, "Malformed"),
    "int64": (f"/v1/models/digits/versions/{2**63 - 1}:predict", 404, "Specific"),
    "beyond": (
        f"/v1/models/digits/versions/{2**63}:predict",
        400,
        f"Failed to convert version: {2**63} to numeric.",
    ),
    "5000 digits": (
        f"/v1/models/digits/versions/{'1' * 5000}:predict",
        400,
        f"Failed to convert version: {'1' * 40}... to numeric.",
    ),
}


@pytest.mark.parametrize("data, status, says", BODIES.values(), ids=BODIES)
def test_bodies_of_no_proper_length(server, data, status, says):
    refused(server, data, status, says)


@pytest.mark.parametrize("data, status, says", HEADS.values(), ids=HEADS)
def test_what_is_no_request(server, data, status, says):
    refused(server, data, status, says)


@pytest.mark.parametrize("path, status, says", PATHS.values(), ids=PATHS)
def test_paths_that_are_none(server, path, status, says):
    refused(server, request(path, {"instances": ZEROS}, LAST), status, says)


def test_a_version_of_5000_digits_has_no_status(server):
    for path in ("", "/metadata"):
        found = ask(server, f"/v1/models/digits/versions/{'1' * 5000}{path}")
        assert found[0] == 400 and "Failed to convert version" in found[2]["error"]


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "OPTIONS", "TRACE", "get", "X" * 99]
)
def test_other_methods(server, method):
    refused(server, head(method, PREDICT, LAST), 400, f"Malformed request: {method}")


def test_connect_and_head(server):
    refused(server, head("CONNECT", "a:80", LAST), 404, "Not found")
    with connect(server) as connection:
        connection.sendall(head("HEAD", "/v1/models/digits"))
        connection.sendall(request("/v1/models/digits", None, LAST))
        raw = received(connection)
    first, _, second = raw.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 400 ")  # and no body
    assert answers(second)[0][0] == 200
    with connect(server) as connection:
        connection.sendall(head("HEAD", "/v1/" + "y" * 9000))
        raw = received(connection)
    assert raw.startswith(b"HTTP/1.1 414 ") and raw.endswith(b"\r\n\r\n")


def test_pipelined_requests_are_answered_in_order(server):
    parts = [
        request(PREDICT, {"instances": ZEROS}),
        request("/v1/models/cats"),
        coded("chunked", b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
        request("/v1/models/digits", None, "Upgrade: h2c", "Connection: Upgrade"),
        length("2\r\nContent-Length: 2"),
        request("/v1/models/digits", None, LAST),
        request("/v1/models/digits"),  # comes too late
    ]
    found, _ = exchange(server, b"".join(parts))
    assert [status for status, _ in found] == [200, 404, 400, 200, 400, 200]
    outputs = good(server, PREDICT, {"instances": ZEROS})
    assert found[0][1] == outputs
    found, seconds = exchange(server, b"".join(parts[:2]) + b"x\r\n\r\n")
    assert [status for status, _ in found] == [200, 404, 400] and seconds < 1


def test_many_pipelined_requests(server):
    status = request("/v1/models/digits")
    found, seconds = exchange(server, status * 999 + request("/v1/", None, LAST))
    assert [number for number, _ in found] == [200] * 999 + [400]
    assert seconds < 10


def test_a_client_that_asks_before_it_sends(server):
    body = request(PREDICT, {"instances": ZEROS}, LAST, "Expect: 100-continue")
    top, _, rest = body.partition(b"\r\n\r\n")
    with connect(server) as connection:
        connection.sendall(top + b"\r\n\r\n")
        assert connection.recv(99).startswith(b"HTTP/1.1 100 ")
        connection.sendall(rest)
        assert answers(received(connection))[0][0] == 200
    refused(
        server, head("POST", PREDICT, "Content-Length: 99999", "Expect: 100-continue")
    )


@pytest.mark.slow
def test_300_mutants_of_a_request(server, caplog):
    """Bytes changed, lost, doubled and moved; the body ends where the client does."""
    rng, statuses = random.Random(0), set()
    whole = request(PREDICT, {"instances": ZEROS}, "Accept: */*")
    for _ in range(300):
        mutant = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at, size = rng.randrange(len(mutant) // 2), rng.randint(1, 12)
            kind = rng.choice(("change", "lose", "double", "insert"))
            if kind == "change":
                mutant[at] = rng.randrange(256)
            elif kind == "lose":
                del mutant[at : at + size]
            elif kind == "double":
                mutant[at:at] = mutant[at : at + size]
            else:
                mutant[at:at] = rng.choice((b"\r\n", b"\0", b": ", b"-", b"9" * 30))
        with connect(server) as connection:
            start = time.monotonic()
            connection.sendall(mutant)
            connection.shutdown(1)  # no more comes
            found = answers(received(connection))
            assert time.monotonic() - start < 1, mutant
        for status, answer in found:
            assert status == 200 or 400 <= status < 500, (mutant, answer)
            assert status == 200 or {*answer} == {"error"}
        statuses.update(status for status, _ in found)
    assert {200, 400, 404} <= statuses
    assert not caplog.records
    assert good(server, PREDICT, {"instances": ZEROS})
