"""Time simulation and conversion as ratios to the ANN's own ``predict``.

    python -m benchmarks.speed.speed --output benchmarks/results/speed

Both networks predict the same batches in the same process, in turn, and the median of
the pairwise ratios counts; the ANN runs without XLA, which on a CPU is its faster way.
The target is at most T ANN passes for T steps, and for a conversion at most 1.5 ANN
passes over the calibration data plus 5 s. Run nothing beside it.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

import tfsnn
from benchmarks.inputs import OUTPUT, shipped, test_images
from benchmarks.measure import in_turn, timed
from benchmarks.tables import Page, Report, table

MODELS = ("mnist_cnn", "fashion_mnist_cnn", "resnet20_cifar10")
METHODS = ("augmapping", "data_norm")
SAMPLES = 320
CONVERSION = (
    "network | calibration samples | ANN pass, s | conversion, s | allowed, s",
    "{model} | {samples:,} | {ann_seconds:.1f} | {seconds:.1f} | {allowed:.1f}",
)
PAGE = Page(
    "Speed",
    "T={timesteps}, batch {batch_size}, float32, `predict` against `predict`. Measured "
    "on {machine}.",
    [
        (
            "network | method | ANN, ms per sample | SNN | SNN / ANN | per step",
            "{model} | {method} | {ann_ms_per_sample:.2f} | {snn_ms_per_sample:.2f} "
            "| {ann_passes:.2f} | {ann_passes_per_step:.2f}",
        )
    ],
    lambda document: [table(*CONVERSION, document["conversion"])],
)


@click.command()
@OUTPUT
@click.option("--timesteps", default=8, show_default=True)
@click.option("--batch-size", default=32, show_default=True)
@click.option("--runs", default=9, show_default=True)
def main(output: Path, timesteps: int, batch_size: int, runs: int) -> None:
    """Measure the shipped networks and write JSON and Markdown."""
    how: dict[str, Any] = {"timesteps": timesteps, "batch_size": batch_size}
    report = Report(output, PAGE, **how, conversion=[])
    for name in MODELS:
        for method in METHODS:
            report.add(_simulation(name, method, timesteps, batch_size, runs))
    for name in MODELS:
        report.add(_conversion(name), "conversion")


def _network(name: str) -> keras.Model:
    ann = tfsnn.load_model(shipped(name) / "model.keras")
    ann.compile(jit_compile=False)
    return ann


def _simulation(
    name: str, method: str, timesteps: int, batch_size: int, runs: int
) -> dict[str, Any]:
    ann, calibration = _network(name), shipped(name) / "calibration.npz"
    snn = tfsnn.convert(ann, calibration, method, timesteps=timesteps, correct="none")
    x = test_images(name, SAMPLES)
    both = {
        "ann": lambda: ann.predict(x, batch_size=batch_size, verbose=0),
        "snn": lambda: snn.predict(x, batch_size=batch_size, verbose=0),
    }
    times = in_turn(both, runs)
    pairs = zip(times["snn"], times["ann"], strict=True)
    ratio = statistics.median(own / of_ann for own, of_ann in pairs)
    return {
        "model": name,
        "method": method,
        "ann_ms_per_sample": 1e3 * statistics.median(times["ann"]) / SAMPLES,
        "snn_ms_per_sample": 1e3 * statistics.median(times["snn"]) / SAMPLES,
        "ann_passes": ratio,
        "ann_passes_per_step": ratio / timesteps,
    }


def _conversion(name: str) -> dict[str, Any]:
    ann = _network(name)
    x = np.tile(test_images(name, 500), (10, 1, 1, 1))
    ann.predict(x[:64], batch_size=64, verbose=0)
    _, ann_seconds = timed(lambda: ann.predict(x, batch_size=64, verbose=0))
    _, took = timed(lambda: tfsnn.convert(ann, x, "augmapping", correct="none"))
    return {
        "model": name,
        "samples": len(x),
        "ann_seconds": ann_seconds,
        "seconds": took,
        "allowed": 1.5 * ann_seconds + 5,
    }


if __name__ == "__main__":
    main()
