"""The base of the sides of ``simulators.py``: a converted network and what it sends.

FOLDER holds ``request.json`` and ``arrays.npz``; ``result.json`` is written there. The
request has the nodes of the converted network in the form of ``neutral_network.py``,
where "relu" stands for integrate-and-fire neurons of threshold 1, binary spikes and
reset by subtraction, and "max" for the maximum of running sums: what it has sent by a
step is the maximum of what its inputs have sent by then. The arrays are the weights,
"start/NAME" with the initial potentials of the neurons ``(*units)``, "images",
"labels", "outputs" (N, classes) of tfsnn, and "spikes/NAME" (T, n, *units), what the
neurons send in tfsnn for the first n images.
All have channels last. Needs NumPy; neither TensorFlow nor PyTorch nor tfsnn.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import end_with_parent, peak_mib


class ConvertedSide:
    """The request and the arrays of one simulator, from a folder."""

    def __init__(self, folder: Path) -> None:
        end_with_parent()
        self.folder = folder
        self.request = json.loads((folder / "request.json").read_text())
        self.nodes: list[dict[str, Any]] = self.request["nodes"]
        self.timesteps: int = self.request["timesteps"]
        with np.load(folder / "arrays.npz") as arrays:
            self.arrays = dict(arrays)
        self.images, self.labels = self.arrays["images"], self.arrays["labels"]

    def of_nodes(self, name: str) -> dict[str, np.ndarray]:
        """Return what is stored under NAME/NODE, by node: "start" or "spikes"."""
        return {
            key.removeprefix(f"{name}/"): values
            for key, values in self.arrays.items()
            if key.startswith(f"{name}/")
        }

    def answer(
        self,
        packages: tuple[str, ...],
        row: Mapping[str, Any],
        outputs: np.ndarray,
        spikes: Mapping[str, np.ndarray],
    ) -> None:
        """Compare outputs and spikes with those of tfsnn, and write the result.

        Args:
            packages: whose versions the result names.
            row: what was measured.
            outputs: means over T steps of the first images ``(at most N, classes)``.
            spikes: by node, ``(T, at most n, *units)``.
        """
        result = {
            **row,
            **compared(self.arrays, outputs, spikes),
            "peak_mib": peak_mib(),
            "versions": {name: version(name) for name in packages},
            "python": platform.python_version(),
        }
        (self.folder / "result.json").write_text(json.dumps(result))


def compared(
    arrays: Mapping[str, np.ndarray],
    outputs: np.ndarray,
    spikes: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Compare outputs and spikes with those of the arrays: accuracy and shares.

    "equal_trains" is the share of neurons and images whose spikes are those of tfsnn
    in every step.
    """
    count, top = len(outputs), outputs.argmax(-1)
    equal, trains, sent, expected = 0, 0, 0, 0
    for name, found in spikes.items():
        ours = arrays[f"spikes/{name}"][:, : found.shape[1]]
        same = (found == ours).all(0)
        equal, trains = equal + int(same.sum()), trains + same.size
        sent, expected = sent + int(found.sum()), expected + int(ours.sum(dtype=int))
    return {
        "images": count,
        "accuracy": float((top == arrays["labels"][:count]).mean()),
        "same_class": float((top == arrays["outputs"][:count].argmax(-1)).mean()),
        "equal_trains": equal / trains,
        "spikes": sent / expected,
    }
