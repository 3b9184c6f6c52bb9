"""Load a server with many callers, each with inputs and a batch size of its own.

Every answer has to be the one that the same request got when it was alone. The target
is a server with TF Serving's REST API (``tfsnn serve`` and ``tensorflow_model_server``
alike; needs NumPy only), over connections that stay open::

    tfsnn serve models/digits --port 8501
    python -m benchmarks.service.load http://127.0.0.1:8501/v1/models/digits

or an exported model, in one TensorFlow session as in TF Serving; there every answer has
to be the same to the last bit::

    python -m benchmarks.service.load models/digits/1 --threads 64 --seconds 60

Prints JSON: requests and samples a second, latencies, statuses, wrong answers.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import pickle
import threading
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import numpy as np

PAUSE = 0.05  # seconds after a refusal


class Server:
    """A model behind HTTP: http://HOST:PORT/v1/models/NAME."""

    tolerance = 1e-5

    def __init__(self, url: str, signature: str = "serving_default") -> None:
        """Read the inputs of a signature."""
        self.place, self.local = urlsplit(url), threading.local()
        status, found = self._ask("GET", "/metadata")
        if status != 200:
            raise SystemExit(f"{url}: {status} {found}")
        signatures = found["metadata"]["signature_def"]["signature_def"]
        self.inputs = signatures[signature]["inputs"]

    def _ask(self, method: str, suffix: str, body: str | None = None) -> Any:
        """Return status and JSON of an answer, over the connection of this thread."""
        if not hasattr(self.local, "connection"):
            place = self.place.netloc
            self.local.connection = http.client.HTTPConnection(place, timeout=60)
        headers = {"Content-Type": "application/json"}
        self.local.connection.request(method, self.place.path + suffix, body, headers)
        answer = self.local.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def request(self, rng: np.random.Generator, batch: int) -> str:
        """Draw multiples of 1/16 in [0, 1], or bytes, for each input."""
        drawn = {}
        for name, info in self.inputs.items():
            dims = [int(d["size"]) for d in info["tensor_shape"]["dim"]]
            shape = (batch, *(abs(size) for size in dims[1:]))
            if info["dtype"] == "DT_FLOAT":
                drawn[name] = (rng.integers(0, 17, shape) / 16).tolist()
            elif info["dtype"] == "DT_STRING":
                raise SystemExit("images are not drawn here; export with --input float")
            else:
                drawn[name] = rng.integers(0, 256, shape).tolist()
        return json.dumps({"inputs": drawn})

    def __call__(self, request: str) -> tuple[int, Any]:
        """Return status and outputs, or the message in their place."""
        status, found = self._ask("POST", ":predict", request)
        return status, found.get("outputs", found)


class Session:
    """One signature of a SavedModel, loaded as a server loads it."""

    tolerance = 0.0

    def __init__(self, folder: str, signature: str = "serving_default") -> None:
        """Load the signature into a session."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import tensorflow as tf

        self.session = tf.compat.v1.Session(graph=tf.Graph())
        meta = tf.compat.v1.saved_model.load(self.session, ["serve"], folder)
        self.signature = meta.signature_def[signature]
        self.dtype = tf.as_dtype

    def outputs(self, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
        """Compute the outputs of the signature, by name."""
        feed = {self.signature.inputs[name].name: x for name, x in inputs.items()}
        fetch = {name: info.name for name, info in self.signature.outputs.items()}
        return self.session.run(fetch, feed)

    def request(self, rng: np.random.Generator, batch: int) -> dict[str, np.ndarray]:
        """Draw multiples of 1/16 in [0, 1] for each input."""
        drawn = {}
        for name, info in self.signature.inputs.items():
            shape = (batch, *(d.size for d in info.tensor_shape.dim[1:]))
            dtype = self.dtype(info.dtype).as_numpy_dtype
            sixteenths = rng.integers(0, 17, shape)
            whole = np.issubdtype(dtype, np.integer)
            drawn[name] = (sixteenths if whole else sixteenths / 16).astype(dtype)
        return drawn

    def __call__(self, request: dict[str, np.ndarray]) -> tuple[int, Any]:
        """Return status 200 and the outputs."""
        return 200, self.outputs(request)


class Caller:
    """A request, the right answer to it, and the results of sending it repeatedly."""

    def __init__(self, target: Any, seed: int, samples: int) -> None:
        """Send the request to a Server or a Session once, alone."""
        self.target, self.samples = target, samples
        self.request = target.request(np.random.default_rng(seed), samples)
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.wrong = 0
        self.error: BaseException | None = None
        status, self.expected = target(self.request)
        if status != 200:
            raise SystemExit(f"{status}: {self.expected}")

    def until(self, end: float, tolerance: float) -> None:
        """Send the request until time `end`; after a refusal, wait a while."""
        try:
            while (start := time.monotonic()) < end:
                status, found = self.target(self.request)
                self.statuses[status] += 1
                if status != 200:
                    time.sleep(PAUSE)
                    continue
                self.latencies.append(time.monotonic() - start)
                self.wrong += not _same(found, self.expected, tolerance)
        except BaseException as error:
            self.error = error


def _same(found: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            _same(found[name], expected[name], tolerance) for name in expected
        )
    return np.shape(found) == np.shape(expected) and bool(
        np.allclose(found, expected, rtol=tolerance, atol=tolerance)
    )


def run(
    target: Server | Session,
    threads: int,
    seconds: float,
    largest_batch: int = 9,
    tolerance: float | None = None,
) -> dict[str, Any]:
    """Let the callers ask until the time is over; raise the first error of any."""
    callers = [Caller(target, i, 1 + i % largest_batch) for i in range(threads)]
    within = target.tolerance if tolerance is None else tolerance
    start = time.monotonic()
    calls = [
        threading.Thread(target=caller.until, args=(start + seconds, within))
        for caller in callers
    ]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    took = time.monotonic() - start
    for error in filter(None, (caller.error for caller in callers)):
        raise error
    latencies = [value for caller in callers for value in caller.latencies]
    samples = sum(caller.samples * len(caller.latencies) for caller in callers)
    statuses: Counter[int] = sum((caller.statuses for caller in callers), Counter())
    percentiles = np.percentile(latencies, (50, 95, 99)) if latencies else ()
    return {
        "threads": threads,
        "seconds": round(took, 2),
        "requests_per_second": round(len(latencies) / took, 1),
        "samples_per_second": round(samples / took, 1),
        "latency_ms_p50_p95_p99": [round(1000 * float(p), 2) for p in percentiles],
        "statuses": {str(status): n for status, n in sorted(statuses.items())},
        "fewest_of_a_caller": min(len(caller.latencies) for caller in callers),
        "distinct": len({pickle.dumps(caller.expected) for caller in callers}),
        "wrong": sum(caller.wrong for caller in callers),
    }


def main() -> None:
    """Run the command line; exit code 1 if an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", help="the URL of a model, or a version's folder")
    parser.add_argument("--signature", default="serving_default")
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--largest-batch", type=int, default=9)
    parser.add_argument("--tolerance", type=float)
    options = vars(parser.parse_args())
    target, signature = options.pop("target"), options.pop("signature")
    kind = Server if target.startswith("http") else Session
    found = run(kind(target, signature), **options)
    print(json.dumps(found, indent=1))
    raise SystemExit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
