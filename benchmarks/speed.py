"""Time of simulation and of conversion, as ratios to the ANN's own ``predict``.

    python benchmarks/speed.py --output benchmarks/results/speed

Both networks predict the same batches in the same process, in turn, and the median of
the pairwise ratios counts; the ANN runs without XLA, which on a CPU is its faster way.
The target is at most T ANN passes for T steps, and for a conversion at most 1.5 ANN
passes over the calibration data plus 5 s. Run nothing beside it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import click
import numpy as np
from machine import described, machine
from report_files import write

import tfsnn

MODELS = ("mnist_cnn", "fashion_mnist_cnn", "resnet20_cifar10")
SAMPLES = 320


@click.command()
@click.option("--output", required=True, type=click.Path(path_type=Path))
@click.option("--timesteps", default=8, show_default=True)
@click.option("--batch-size", default=32, show_default=True)
@click.option("--runs", default=9, show_default=True)
def main(output: Path, timesteps: int, batch_size: int, runs: int) -> None:
    """Measure the shipped networks and write JSON and Markdown."""
    rows = []
    for name in MODELS:
        for method in ("augmapping", "data_norm"):
            rows.append(_simulation(name, method, timesteps, batch_size, runs))
            click.echo(rows[-1])
    conversions = [_conversion(name) for name in MODELS]
    document = {
        "machine": machine(),
        "timesteps": timesteps,
        "batch_size": batch_size,
        "simulation": rows,
        "conversion": conversions,
    }
    write(output, document, _markdown(document))


def _simulation(
    name: str, method: str, timesteps: int, batch_size: int, runs: int
) -> dict:
    folder = files("tfsnn_saved_models") / name
    ann = tfsnn.load_model(folder / "model.keras")
    ann.compile(jit_compile=False)
    options = {"timesteps": timesteps, "correct": "none"}
    snn = tfsnn.convert(ann, folder / "calibration.npz", method, **options)
    x = _images(folder / "test.npz", SAMPLES)

    def predict(model) -> float:
        return _seconds(lambda: model.predict(x, batch_size=batch_size, verbose=0))

    predict(ann), predict(snn)
    pairs = [(predict(ann), predict(snn)) for _ in range(runs)]
    ratio = statistics.median(snn_time / ann_time for ann_time, snn_time in pairs)
    return {
        "model": name,
        "method": method,
        "ann_ms_per_sample": 1e3 * statistics.median(a for a, _ in pairs) / SAMPLES,
        "snn_ms_per_sample": 1e3 * statistics.median(s for _, s in pairs) / SAMPLES,
        "ann_passes": ratio,
        "ann_passes_per_step": ratio / timesteps,
    }


def _conversion(name: str) -> dict:
    folder = files("tfsnn_saved_models") / name
    ann = tfsnn.load_model(folder / "model.keras")
    ann.compile(jit_compile=False)
    x = np.tile(_images(folder / "test.npz", 500), (10, 1, 1, 1))
    ann.predict(x[:64], batch_size=64, verbose=0)
    ann_seconds = _seconds(lambda: ann.predict(x, batch_size=64, verbose=0))
    seconds = _seconds(lambda: tfsnn.convert(ann, x, "augmapping", correct="none"))
    return {
        "model": name,
        "samples": len(x),
        "ann_seconds": ann_seconds,
        "seconds": seconds,
        "allowed": 1.5 * ann_seconds + 5,
    }


def _images(path, count: int) -> np.ndarray:
    with np.load(path) as arrays:
        return arrays["x"][:count].astype("float32") / 255


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _markdown(document: dict) -> str:
    lines = [
        "# Speed",
        "",
        f"T={document['timesteps']}, batch {document['batch_size']}, float32, "
        f"`predict` against `predict`. Measured on {described(document['machine'])}.",
        "",
        "| network | method | ANN, ms per sample | SNN | SNN / ANN | per step |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in document["simulation"]:
        lines.append(
            f"| {row['model']} | {row['method']} | {row['ann_ms_per_sample']:.2f} "
            f"| {row['snn_ms_per_sample']:.2f} | {row['ann_passes']:.2f} "
            f"| {row['ann_passes_per_step']:.2f} |"
        )
    lines += [
        "",
        "| network | calibration samples | ANN pass, s | conversion, s | allowed, s |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in document["conversion"]:
        lines.append(
            f"| {row['model']} | {row['samples']:,} | {row['ann_seconds']:.1f} "
            f"| {row['seconds']:.1f} | {row['allowed']:.1f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
