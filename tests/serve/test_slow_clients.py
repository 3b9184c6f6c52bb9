"""``tfsnn serve`` under 200 slow clients: others are answered, and it ends in time."""

import re
import signal
import socket
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest
from asking import PREDICT, good
from command_line import start
from raw_http import HOST, answers, connect, received, request

pytestmark = [pytest.mark.processes, pytest.mark.slow]

HALF_A_HEAD = f"POST {PREDICT} HTTP/1.1\r\n{HOST}X-Slow: ".encode()
HALF_A_BODY = f"POST {PREDICT} HTTP/1.1\r\n{HOST}Content-Length: 9999\r\n\r\n ".encode()


@pytest.fixture
def served(exported_models):
    """A process that serves digits, and lets requests wait 0.2 s for others."""
    waiting = ("--batch-timeout-micros", 200_000, "--max-batch-size", 64)
    process = start(
        *("serve", exported_models[0] / "digits", "--port", 0, *waiting),
        unset=("TF_CPP_MIN_LOG_LEVEL", "PYTHONWARNINGS"),  # as a user starts it
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        (url,) = re.findall("http://[^/]+", process.stderr.readline())
        yield process, SimpleNamespace(url=url)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


class SlowClients:
    """50 of each kind: headers in drops, bodies in drops, idle, and half closed."""

    def __init__(self, server):
        self.dripping, self.opened = [], []
        for sent in (HALF_A_HEAD, HALF_A_BODY, b"", HALF_A_BODY):
            for _ in range(50):
                one = connect(server)
                one.sendall(sent)
                self.opened.append(one)
        self.dripping = self.opened[:100]
        for one in self.opened[150:]:
            one.shutdown(socket.SHUT_WR)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._drip)

    def _drip(self):
        while not self._stopped.wait(0.1):
            for one in [*self.dripping]:
                try:
                    one.sendall(b"x")
                except OSError:
                    self.dripping.remove(one)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join()
        for one in self.opened:
            one.close()


def test_200_slow_clients_keep_nobody_waiting(served, rng):
    process, server = served
    x = rng.integers(0, 17, (16, 6, 6, 2)) / 16
    expected = good(server, PREDICT, {"instances": x.tolist()})["predictions"]
    with SlowClients(server) as slow:
        slowest = 0.0
        for i in range(12):
            began = time.monotonic()
            if i % 2:
                body = {"instances": x[i : i + 1].tolist()}
                found = good(server, PREDICT, body)["predictions"]
                assert found == expected[i : i + 1]
            else:
                good(server, "/v1/models/digits")
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 1  # of which 0.2 s are the wait for others
        assert len(slow.dripping) == 100  # they still are there

        in_flight = []
        for i in range(16):
            in_flight.append(connect(server))
            in_flight[-1].sendall(
                request(PREDICT, {"instances": x[i : i + 1].tolist()})
            )
        time.sleep(0.1)  # all have arrived, and none is answered
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        for i, one in enumerate(in_flight):
            ((status, answer),) = answers(received(one))
            assert (status, answer) == (200, {"predictions": expected[i : i + 1]})
            one.close()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
    assert process.stderr.read() == "Ctrl-C to stop\n"
