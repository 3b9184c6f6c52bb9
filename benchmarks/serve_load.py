"""Load a server that has TF Serving's REST API; each answer has to be the right one.

Callers at once, each with inputs and a batch size of its own, over connections that
stay open. Every answer has to be the one that the same request got when it was alone.
For ``tfsnn serve`` and ``tensorflow_model_server`` alike; needs NumPy only::

    tfsnn serve models/digits --port 8501
    python benchmarks/serve_load.py http://127.0.0.1:8501/v1/models/digits --seconds 30

Prints JSON: requests and samples a second, latencies, statuses, wrong answers.
"""

from __future__ import annotations

import argparse
import http.client
import json
import threading
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import numpy as np


class Caller:
    """One connection, and what it asks over and over."""

    def __init__(self, url: str, spec: dict[str, Any], seed: int, samples: int) -> None:
        """The spec is that of the signature's inputs in the metadata."""
        self.path = urlsplit(url).path + ":predict"
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self.samples = samples
        self.body = json.dumps({"inputs": _inputs(spec, seed, samples)})
        self.expected: Any = None
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.wrong = 0

    def ask(self) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        headers = {"Content-Type": "application/json"}
        self.connection.request("POST", self.path, self.body, headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def alone(self) -> None:
        """Remember the right answer."""
        status, self.expected = self.ask()
        if status != 200:
            raise SystemExit(f"{self.path}: {status} {self.expected}")

    def until(self, end: float, tolerance: float) -> None:
        """Ask until that time; a 503 is asked again after a while."""
        while (start := time.monotonic()) < end:
            status, found = self.ask()
            self.statuses[status] += 1
            if status != 200:
                time.sleep(0.05)
                continue
            self.latencies.append(time.monotonic() - start)
            self.wrong += not _same(
                found["outputs"], self.expected["outputs"], tolerance
            )


def _inputs(spec: dict[str, Any], seed: int, samples: int) -> dict[str, Any]:
    """Random numbers, multiples of 1/16 in [0, 1], or bytes, for each input."""
    rng, drawn = np.random.default_rng(seed), {}
    for name, info in spec.items():
        dims = [int(d["size"]) for d in info["tensor_shape"]["dim"]]
        shape = (samples, *(abs(size) for size in dims[1:]))
        if info["dtype"] == "DT_FLOAT":
            drawn[name] = (rng.integers(0, 17, shape) / 16).tolist()
        elif info["dtype"] == "DT_STRING":
            raise SystemExit("images are not drawn here; export with --input float")
        else:
            drawn[name] = rng.integers(0, 256, shape).tolist()
    return drawn


def _same(found: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            _same(found[name], expected[name], tolerance) for name in expected
        )
    return bool(np.allclose(found, expected, rtol=tolerance, atol=tolerance))


def run(url: str, threads: int, seconds: float, largest: int, tolerance: float) -> Any:
    """Have the callers ask until the time is over."""
    spec = _default_inputs(url)
    callers = [Caller(url, spec, i, 1 + i % largest) for i in range(threads)]
    for caller in callers:
        caller.alone()
    failed: list[BaseException] = []
    start = time.monotonic()

    def call(caller: Caller) -> None:
        try:
            caller.until(start + seconds, tolerance)
        except BaseException as error:
            failed.append(error)

    running = [threading.Thread(target=call, args=(caller,)) for caller in callers]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    took = time.monotonic() - start
    if failed:
        raise failed[0]
    latencies = [value for caller in callers for value in caller.latencies]
    statuses = sum((caller.statuses for caller in callers), Counter())
    samples = sum(caller.samples * len(caller.latencies) for caller in callers)
    percentiles = np.percentile(latencies, (50, 95, 99)) if latencies else ()
    return {
        "threads": threads,
        "seconds": round(took, 2),
        "requests_per_second": round(len(latencies) / took, 1),
        "samples_per_second": round(samples / took, 1),
        "latency_ms_p50_p95_p99": [round(1000 * float(p), 2) for p in percentiles],
        "statuses": {str(status): n for status, n in sorted(statuses.items())},
        "fewest_of_a_caller": min(len(caller.latencies) for caller in callers),
        "wrong": sum(caller.wrong for caller in callers),
    }


def _default_inputs(url: str) -> dict[str, Any]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=60)
    connection.request("GET", place.path + "/metadata")
    answer = connection.getresponse()
    found = json.loads(answer.read())
    if answer.status != 200:
        raise SystemExit(f"{url}: {answer.status} {found}")
    signatures = found["metadata"]["signature_def"]["signature_def"]
    return signatures["serving_default"]["inputs"]


def main() -> None:
    """The command line; exit code 1 if an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="of a model: http://HOST:PORT/v1/models/NAME")
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--largest-batch", type=int, default=9)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    options = parser.parse_args()
    found = run(
        options.url,
        options.threads,
        options.seconds,
        options.largest_batch,
        options.tolerance,
    )
    print(json.dumps(found, indent=1))
    raise SystemExit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
