"""Time per image where engine and batch are measured and chosen, and where not.

    python -m benchmarks.speed.ways --output benchmarks/results/ways

The shipped networks with ternary spikes (``termapping``, ``correct="none"``), T=8, with
synapses in float32 and int8: ``predict`` of 256 images by TensorFlow and by OpenVINO
with their usual batch of 32, and by ``engine="auto"``, which measures a few ways first
and keeps the best. "measuring" is the time of the first call beyond that of one after
it, with programs that are compiled on the way. Medians of five runs; all take turns.
Run nothing beside it.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np

import tfsnn
from benchmarks.inputs import OUTPUT, shipped, test_images
from benchmarks.measure import in_new_process, in_turn, timed
from benchmarks.tables import Page, Report
from tfsnn.files import CACHE_VARIABLE
from tfsnn.simulation.ways import Way

NETWORKS = ("mnist_cnn", "fashion_mnist_cnn", "vgg9_cifar10", "resnet20_cifar10")
PRECISIONS = ("float32", "int8")
IMAGES, TIMESTEPS, RUNS = 256, 8, 5
PAGE = Page(
    "The fastest way to run a network",
    f"Ternary spikes, T={TIMESTEPS}, {IMAGES} images, median of {RUNS} runs, in "
    "milliseconds per image. Measured on {machine}.",
    [
        (
            "network | synapses | TensorFlow | OpenVINO | auto | faster than the best "
            "| chosen | measuring, s",
            "{network} | {precision} | {tensorflow:.3f} | {openvino:.3f} | {auto:.3f} "
            "| {faster:.2f} | {way} | {measuring:.1f}",
        )
    ],
)


@click.command()
@OUTPUT
def main(output: Path) -> None:
    """Measure each network in a new process; write JSON and Markdown."""
    report = Report(output, PAGE)
    for network, precision in itertools.product(NETWORKS, PRECISIONS):
        row = in_new_process(_measured, network, precision)
        report.add({"network": network, "precision": precision, **row})


def _measured(network: str, precision: str) -> dict[str, Any]:
    os.environ[CACHE_VARIABLE] = ""  # nothing that was measured before
    x = test_images(network, IMAGES)
    model = tfsnn.load_model(shipped(network) / "model.keras")
    options = {"timesteps": TIMESTEPS, "correct": "none", "precision": precision}
    snn = tfsnn.convert(model, x[:64], "termapping", **options)

    def predicted(engine: str) -> np.ndarray:
        snn.engine = engine
        return snn.predict(x, verbose=0)

    with tempfile.TemporaryDirectory() as folder:
        os.environ[CACHE_VARIABLE] = folder
        _, first = timed(lambda: predicted("auto"))
        way = _way(Path(folder))
        engines = ("tensorflow", "openvino", "auto")
        times = in_turn({e: lambda e=e: predicted(e) for e in engines}, RUNS)
    found = {e: 1e3 * statistics.median(each) / IMAGES for e, each in times.items()}
    return {
        **found,
        "faster": min(found["tensorflow"], found["openvino"]) / found["auto"],
        "way": way,
        "measuring": first - found["auto"] * IMAGES / 1e3,
    }


def _way(folder: Path) -> str:
    """Return what was chosen, from the file in which it is kept."""
    path = folder / "ways.json"
    if not path.exists():
        return "too small to measure"
    return "; ".join(str(Way(*each)) for each in json.loads(path.read_text()).values())


if __name__ == "__main__":
    main()
