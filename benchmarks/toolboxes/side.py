"""The base of the other packages' sides: the request, the arrays, and the result.

FOLDER holds ``request.json`` (the nodes of ``neutral_network.py`` and what to measure),
``weights.npz``, ``calibration.npy``, ``images.npy``, ``labels.npy`` and ``logits.npy``
(the original's, of the first images); ``result.json`` is written there. Needs NumPy;
neither TensorFlow nor PyTorch nor tfsnn.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import end_with_parent, peak_mib


class Side:
    """The request, the arrays and the weights of one side, from a folder."""

    def __init__(self, folder: Path) -> None:
        end_with_parent()
        self.folder = folder
        self.request = json.loads((folder / "request.json").read_text())
        with np.load(folder / "weights.npz") as weights:
            self.weights = dict(weights)
        names = ("calibration", "images", "labels", "logits")
        arrays = [np.load(folder / f"{name}.npy") for name in names]
        self.calibration, self.images, self.labels, self.logits = arrays

    def accuracy(self, scores: np.ndarray) -> float:
        """Return the accuracy of scores ``(at least N, classes)``."""
        top = scores[: len(self.labels)].argmax(-1)
        return float((top == self.labels).mean())

    def answer(
        self,
        package: str,
        document: dict[str, Any],
        measure: Callable[[str, list[int]], Iterable[dict[str, Any]]],
    ) -> None:
        """Measure every setting asked for, and write the result.

        `document` says where the package runs and what is known of the ANN there;
        `measure` takes a setting and its time steps and gives rows of the result.
        """
        difference = document["greatest_difference"]
        print(f"greatest difference of logits: {difference:.2g}", file=sys.stderr)
        rows = []
        for name, timesteps in self.request["settings"].items():
            for row in measure(name, timesteps):
                rows.append({"setting": name, **row, "peak_mib": peak_mib()})
                print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
        version = importlib.metadata.version(package)
        named = {"package": f"{package} {version}", "python": platform.python_version()}
        result = {**named, **document, "rows": rows}
        (self.folder / "result.json").write_text(json.dumps(result))
