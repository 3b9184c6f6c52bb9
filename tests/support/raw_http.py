"""Bytes on a socket to a server, and what it sends back, however wrong they are."""

import json
import socket
import time
from contextlib import contextmanager

HOST = "Host: a\r\n"


def address(server):
    host, port = server.url.removeprefix("http://").split(":")
    return host, int(port)


def connect(server, **options):
    return socket.create_connection(address(server), timeout=10, **options)


def head(method, path, *lines):
    """The line and the headers of a request, as bytes."""
    text = f"{method} {path} HTTP/1.1\r\n{HOST}" + "".join(f"{x}\r\n" for x in lines)
    return text.encode("latin-1") + b"\r\n"


def request(path, body=None, *lines):
    """A whole request: GET, or POST of JSON (or of bytes)."""
    if body is None:
        return head("GET", path, *lines)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head("POST", path, f"Content-Length: {len(raw)}", *lines) + raw


def received(connection):
    """All that comes until the server closes."""
    parts = []
    try:
        while part := connection.recv(2**16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def answers(raw):
    """The status and the JSON (None of no body) of each answer in bytes."""
    found = []
    while raw:
        top, _, rest = raw.partition(b"\r\n\r\n")
        line, *lines = top.decode("latin-1").split("\r\n")
        headers = dict(each.lower().split(": ", 1) for each in lines)
        assert line.startswith("HTTP/1.1 "), raw
        assert headers["content-type"] == "application/json"
        size = int(headers["content-length"])
        body, raw = rest[:size], rest[size:]
        found.append((int(line.split()[1]), json.loads(body) if body else None))
    return found


def exchange(server, data):
    """Send bytes, and return the answers and the seconds until the server closed."""
    with connect(server) as connection:
        start = time.monotonic()
        connection.sendall(data)
        raw = received(connection)
        return answers(raw), time.monotonic() - start


@contextmanager
def held_open(server, data, number=1, pause=0.0):
    """Connections that have sent so much, one after the other, and wait."""
    opened = []
    try:
        for _ in range(number):
            opened.append(connect(server))
            opened[-1].sendall(data)
            time.sleep(pause)
        yield opened
    finally:
        for connection in opened:
            connection.close()
