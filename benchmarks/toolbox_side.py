"""What the other environments of ``against_toolboxes.py`` share.

FOLDER holds ``request.json`` (the nodes of ``neutral_network.py`` and what to measure),
``weights.npz``, ``calibration.npy``, ``images.npy``, ``labels.npy`` and ``logits.npy``
(the original's, of the first images); ``result.json`` is written there. Needs Keras 2;
neither Keras 3 nor tfsnn.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from keras2_network import check, keras2

Run = Callable[[np.ndarray], np.ndarray]  # images (N, *shape) to class scores
PROBED_STEPS = 10  # of the run that finds the fastest way


class Side:
    """The request, the arrays and the network of one side."""

    def __init__(self, folder: Path) -> None:
        self.request = json.loads((folder / "request.json").read_text())
        with np.load(folder / "weights.npz") as weights:
            self.weights = dict(weights)
        names = ("calibration", "images", "labels", "logits")
        arrays = {name: np.load(folder / f"{name}.npy") for name in names}
        self.calibration, self.images = arrays["calibration"], arrays["images"]
        self.labels, self.logits = arrays["labels"], arrays["logits"]

    def network(self, head: str = "linear") -> Any:
        """The ANN in Keras 2."""
        request = self.request
        return keras2(request["nodes"], self.weights, request["output"], head)

    def padded(self, images: np.ndarray, batch_size: int) -> np.ndarray:
        """In whole batches: the last is filled up with images from the beginning."""
        count = math.ceil(len(images) / batch_size) * batch_size
        return np.resize(images, (count, *images.shape[1:]))

    def accuracy(self, scores: np.ndarray) -> float:
        """Of scores ``(at least N, classes)``."""
        top = scores[: len(self.labels)].argmax(-1)
        return float((top == self.labels).mean())

    def timed(self, run: Run, batch_size: int, runs: int = 0) -> dict[str, Any]:
        """Milliseconds per image, the median of some runs after a warm-up."""
        x = self.padded(self.images[: self.request["timed_samples"]], batch_size)
        run(x)
        times = []
        for _ in range(runs or self.request["timed_runs"]):
            start = time.perf_counter()
            run(x)
            times.append(1e3 * (time.perf_counter() - start) / len(x))
        median = statistics.median(times)
        return {"milliseconds": median, "slowest": max(times), "fastest": min(times)}


def main(package: str, measure: Callable[[Side, str], dict[str, Any]]) -> None:
    """Check the rebuilt ANN, then measure every setting asked for."""
    folder = Path(sys.argv[1])
    tf.config.set_visible_devices([], "GPU")
    tf.get_logger().setLevel("ERROR")  # it warns of what the packages do
    side = Side(folder)
    network = side.network()
    difference = check(network, side.images, side.logits)
    print(f"greatest difference of logits: {difference:.2g}", file=sys.stderr)

    def predict(x: np.ndarray) -> np.ndarray:
        return network.predict(x, batch_size=side.request["batch_sizes"][0], verbose=0)

    document: dict[str, Any] = {
        "package": f"{package} {importlib.metadata.version(package)}",
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "greatest_difference": difference,
        "ann_accuracy": side.accuracy(predict(side.images)),
        "ann_milliseconds": side.timed(predict, 1)["milliseconds"],
        "results": [],
    }
    for name in side.request["settings"]:
        found = {"setting": name, **measure(side, name)}
        print(json.dumps(found), file=sys.stderr, flush=True)
        document["results"].append(found)
        (folder / "result.json").write_text(json.dumps(document))
