"""Measure what converting takes, with corrections and without, and what counts add.

    python -m benchmarks.speed.converting --output benchmarks/results/converting

Each row is measured in a process of its own: the seconds and the peak memory of
:func:`tfsnn.convert` with and without its corrections, in one run, and beside it those
of one pass of the ANN over the calibration samples and the seconds of simulating a
batch with and without counts of spikes and operations, in both engines. ``--data`` and
``--limit`` take more calibration images than are shipped; ``--resnet50`` adds a
ResNet-50 of random weights for 224×224 images, which takes minutes, not simulated.
"""

from __future__ import annotations

import functools
import statistics
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

import tfsnn
from benchmarks.inputs import OUTPUT, samples, shipped, test_images
from benchmarks.measure import in_new_process, in_turn, peak_mib, timed
from benchmarks.tables import Page, Report
from tfsnn.simulation.steps import COUNTS

NETWORKS = ("vgg9_cifar10", "resnet20_cifar10")
METHOD, TIMESTEPS = "augmapping", (8, 32)
LARGE, LARGE_IMAGES = "ResNet-50", 256
BATCH, REPEATS = 32, 5
ENGINES = {"tensorflow": "counts", "openvino": "counts_openvino"}  # their columns
PAGE = Page(
    "Converting",
    f"{METHOD} on {{images}} calibration images, with its corrections and without, "
    "against the time of an ANN pass over these images; simulation of a batch of "
    f"{BATCH} with counts of spikes and operations against one without, in TensorFlow "
    "and in OpenVINO. Peak memory is of the whole process. Measured on {machine}.",
    [
        (
            "network | T | seconds | without corrections | times that | ANN passes "
            "| peak, MiB | counts, TensorFlow | counts, OpenVINO",
            "{network} | {timesteps} | {seconds:.1f} | {plain:.1f} | {ratio:.1f} "
            "| {passes:.1f} | {peak_mib:.0f} | {counts:.2f} | {counts_openvino:.2f}",
        )
    ],
)


@click.command()
@click.option("--data", help="Calibration images; those shipped if not given.")
@click.option("--limit", type=int, default=512, show_default=True)
@click.option("--resnet50", is_flag=True, help="Also a ResNet-50.")
@OUTPUT
def main(data: str | None, limit: int, resnet50: bool, output: Path) -> None:
    """Measure each row in a new process; write JSON and Markdown."""
    report = Report(output, PAGE, images=limit if data else "the shipped")
    for network in NETWORKS:
        for steps in TIMESTEPS:
            row = in_new_process(_converted, network, steps, data, limit)
            report.add({"network": network, "timesteps": steps, **row})
    if resnet50:
        row = in_new_process(_converted, LARGE, TIMESTEPS[0], None, LARGE_IMAGES)
        report.add({"network": LARGE, "timesteps": TIMESTEPS[0], **row})


def _converted(
    network: str, steps: int, data: str | None, limit: int
) -> dict[str, float]:
    model, x = _inputs(network, data, limit)
    tfsnn.convert(model, x[:BATCH], METHOD, timesteps=1)  # what is loaded at first use
    corrected, seconds = timed(lambda: tfsnn.convert(model, x, METHOD, timesteps=steps))
    peak = peak_mib()
    _, plain = timed(
        lambda: tfsnn.convert(model, x, METHOD, timesteps=steps, correct="none")
    )
    batch = x[:BATCH]
    # Simulations of the large one would take most of an hour.
    engines = {} if network == LARGE else ENGINES
    simulations = {
        (engine, observe): functools.partial(_run, corrected, batch, engine, observe)
        for engine in engines
        for observe in ((), (COUNTS,))
    }
    times = in_turn(
        {
            "ann": lambda: model.predict(x, batch_size=BATCH, verbose=0),
            **simulations,
        },
        REPEATS,
    )
    medians = {name: statistics.median(each) for name, each in times.items()}
    return {
        "seconds": seconds,
        "plain": plain,
        "ratio": seconds / plain,
        "passes": seconds / medians["ann"],
        "peak_mib": peak,
        **{
            column: medians[engine, (COUNTS,)] / medians[engine, ()]
            for engine, column in engines.items()
        },
    }


def _run(
    snn: tfsnn.SpikingModel, x: np.ndarray, engine: str, observe: tuple[str, ...]
) -> Any:
    return snn.run(x, observe=observe, engine=engine).outputs[0].numpy()


def _inputs(
    network: str, data: str | None, limit: int
) -> tuple[keras.Model, np.ndarray]:
    if network == LARGE:
        model = keras.applications.ResNet50(weights=None)
        rng = np.random.default_rng(0)
        return model, rng.random((limit, 224, 224, 3), np.float32)
    model = tfsnn.load_model(shipped(network) / "model.keras")
    if data is None:
        return model, test_images(network, limit)
    return model, samples(model, data, limit)[0]


if __name__ == "__main__":
    main()
