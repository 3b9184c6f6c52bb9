"""The sides of ``against.py`` that know Keras 2 alone.

They need Keras 2; neither Keras 3 nor tfsnn.
"""

from __future__ import annotations

import functools
import math
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.measure import per_image
from benchmarks.toolboxes.keras2_network import check, keras2
from benchmarks.toolboxes.side import Side

Run = Callable[[np.ndarray], np.ndarray]  # images (N, *shape) to class scores
PROBED_STEPS = 10  # of the run that finds the fastest way


class KerasSide(Side):
    """A side whose package takes whole batches of a Keras 2 model."""

    def network(self, head: str = "linear") -> Any:
        """Build the ANN in Keras 2."""
        request = self.request
        return keras2(request["nodes"], self.weights, request["output"], head)

    def padded(self, images: np.ndarray, batch_size: int) -> np.ndarray:
        """Fill up the last batch with images from the beginning."""
        count = math.ceil(len(images) / batch_size) * batch_size
        return np.resize(images, (count, *images.shape[1:]))

    def timed(self, run: Run, batch_size: int, runs: int = 0) -> dict[str, Any]:
        """Time runs after a warm-up: median milliseconds per image."""
        x = self.padded(self.images[: self.request["timed_samples"]], batch_size)
        return per_image(lambda: run(x), len(x), runs or self.request["timed_runs"])


def main(
    package: str, measure: Callable[[KerasSide, str, list[int]], list[dict[str, Any]]]
) -> None:
    """Check the rebuilt ANN, then measure every setting asked for."""
    tf.config.set_visible_devices([], "GPU")
    tf.get_logger().setLevel("ERROR")  # silences warnings about the packages
    side = KerasSide(Path(sys.argv[1]))
    network = side.network()

    def predict(x: np.ndarray) -> np.ndarray:
        return network.predict(x, batch_size=side.request["batch_sizes"][0], verbose=0)

    document = {
        "on": f"Python {platform.python_version()}, TensorFlow {tf.__version__}",
        "numpy": np.__version__,
        "greatest_difference": check(network, side.images, side.logits),
        "ann_accuracy": side.accuracy(predict(side.images)),
        "ann_milliseconds": side.timed(predict, 1)["milliseconds"],
    }
    side.answer(package, document, functools.partial(measure, side))
