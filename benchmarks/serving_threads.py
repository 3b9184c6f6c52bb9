"""Many callers at once, each with inputs and a batch size of its own.

Every answer has to be the one that the same request got when it was alone, to the
last bit. Needs TensorFlow only; requests run in one session, as in TF Serving::

    python benchmarks/serving_threads.py models/digits/1 --seconds 60
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

LARGEST_BATCH = 9


class Served:
    """One signature of a SavedModel, loaded as a server loads it."""

    def __init__(self, folder: str, signature: str = "serving_default") -> None:
        """Load it into a session."""
        self.session = tf.compat.v1.Session(graph=tf.Graph())
        meta = tf.compat.v1.saved_model.load(self.session, ["serve"], folder)
        self.signature = meta.signature_def[signature]

    def __call__(self, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
        """Answer one request."""
        feed = {self.signature.inputs[name].name: x for name, x in inputs.items()}
        fetch = {name: info.name for name, info in self.signature.outputs.items()}
        return self.session.run(fetch, feed)

    def request(self, rng: np.random.Generator, batch: int) -> dict[str, np.ndarray]:
        """Random numbers, multiples of 1/16 in [0, 1], for each input."""
        drawn = {}
        for name, info in self.signature.inputs.items():
            shape = (batch, *(d.size for d in info.tensor_shape.dim[1:]))
            dtype = tf.as_dtype(info.dtype).as_numpy_dtype
            sixteenths = rng.integers(0, 17, shape)
            whole = np.issubdtype(dtype, np.integer)
            drawn[name] = (sixteenths if whole else sixteenths / 16).astype(dtype)
        return drawn


def run(served: Served, threads: int, seconds: float) -> dict[str, Any]:
    """Have the callers ask until the time is over.

    Returns:
        threads, requests, samples, distinct answers, and the wrong ones.
    """
    requests = [
        served.request(np.random.default_rng(i), 1 + i % LARGEST_BATCH)
        for i in range(threads)
    ]
    expected = [served(request) for request in requests]
    asked, wrong = [0] * threads, [0] * threads
    failed: list[BaseException] = []
    together = threading.Barrier(threads)

    def call(i: int) -> None:
        try:
            together.wait()
            while time.monotonic() < end:
                answer = served(requests[i])
                asked[i] += 1
                wrong[i] += not _same(answer, expected[i])
        except BaseException as error:
            failed.append(error)

    end = time.monotonic() + seconds
    callers = [threading.Thread(target=call, args=(i,)) for i in range(threads)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    if failed:
        raise failed[0]
    sizes = [len(next(iter(request.values()))) for request in requests]
    return {
        "threads": threads,
        "requests": sum(asked),
        "fewest_of_a_thread": min(asked),
        "samples": sum(n * size for n, size in zip(asked, sizes, strict=True)),
        "distinct": len({answer["outputs"].tobytes() for answer in expected}),
        "wrong": sum(wrong),
    }


def _same(answer: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(answer[name], expected[name]) for name in expected)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="of a version of a model")
    parser.add_argument("--signature", default="serving_default")
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    served = Served(options.folder, options.signature)
    print(json.dumps(run(served, options.threads, options.seconds)))


if __name__ == "__main__":
    main()
