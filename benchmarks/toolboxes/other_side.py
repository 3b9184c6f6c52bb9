"""Have another package, in an environment of its own, measure a network of ours."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.inputs import ROOT
from benchmarks.neutral_network import neutral
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model

CHECKED = 100  # images whose logits are compared


def other_side(
    python: str,
    package: str,
    model: keras.Model,
    arrays: dict[str, np.ndarray],
    request: dict[str, Any],
) -> dict[str, Any]:
    """Have `python` run ``PACKAGE_side.py``, and return its measurements.

    It gets the simplified network (``neutral_network.py``), the logits of the first
    CHECKED of ``arrays["images"]``, the arrays, and the request, in the folder that
    ``side.py`` describes.
    """
    graph = simplify(import_model(model))
    nodes, weights, output = neutral(graph)
    logits = graph.forward(arrays["images"][:CHECKED])[output]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "weights.npz", **weights)  # type: ignore[arg-type]
        for key, values in {**arrays, "logits": np.asarray(logits)}.items():
            np.save(folder / f"{key}.npy", values)
        asked = {"nodes": nodes, "output": output, **request}
        (folder / "request.json").write_text(json.dumps(asked))
        return run_side(python, package, folder)


def run_side(python: str, side: str, folder: Path, *others: str) -> dict[str, Any]:
    """Run ``SIDE_side.py`` by `python` on a folder, and return what it measured."""
    given = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_USE_LEGACY_KERAS": "1"}
    given["PYTHONPATH"] = str(ROOT)
    given.pop("KERAS_BACKEND", None)
    module = f"benchmarks.toolboxes.{side}_side"
    done = subprocess.run([python, "-m", module, str(folder), *others], env=given)
    if done.returncode:
        raise SystemExit(f"{side}'s side failed; see above")
    return json.loads((folder / "result.json").read_text())
