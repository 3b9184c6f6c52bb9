"""Training images per second of tfsnn and of SpikingJelly, in one run.

    python -m benchmarks.training.against_spikingjelly \
        --spikingjelly-python spikingjelly-venv/bin/python \
        --output benchmarks/results/training_against_spikingjelly

The same network (32C3 - 64C3 - 256 - 10, average pooling by 2 behind each convolution),
integrate-and-fire neurons with a soft reset and the slopes of an arc tangent, Adam,
float32, random images. "layers" are the layers of tfsnn, trained by Keras' own step;
"time" and "rates" are the network converted from a trained-size ANN and made tunable,
through time and by mean rates. SpikingJelly runs in multi-step mode in a process of its
own; the processes take turns. Rates are the medians of all repeats.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
from keras import layers

import tfsnn
from benchmarks.inputs import OUTPUT
from benchmarks.tables import Page, Report
from tfsnn.layers import ConstantCurrent, IntegrateFire, MeanOverTime, OverTime

ROOT = Path(__file__).parents[2]
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
PAGE = Page(
    "Training against SpikingJelly",
    "Training images per second, batches of {batch_size}; 32C3 - 64C3 - 256 - 10 on "
    "28 x 28 pixels. {spikingjelly}; the rest measured on {machine}.",
    [
        (
            "T | how | images/s | times SpikingJelly",
            "{timesteps} | {how} | {rate:.0f} | {ratio:.2f}",
        )
    ],
)


def of_layers(timesteps: int) -> keras.Model:
    """Return the network made of spiking layers."""

    def neurons() -> keras.layers.Layer:
        return IntegrateFire(surrogate="arctan")

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *(layers.Conv2D(32, 3, padding="same"), ConstantCurrent(timesteps)),
            *(neurons(), OverTime(layers.AveragePooling2D(2))),
            *(OverTime(layers.Conv2D(64, 3, padding="same")), neurons()),
            *(OverTime(layers.AveragePooling2D(2)), OverTime(layers.Flatten())),
            *(layers.Dense(256), neurons(), layers.Dense(10), MeanOverTime()),
        ]
    )


def converted(timesteps: int, gradient: str) -> keras.Model:
    """Return the network converted from an ANN, and tunable."""
    ann = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.AveragePooling2D(2),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            *(layers.AveragePooling2D(2), layers.Flatten()),
            *(layers.Dense(256, activation="relu"), layers.Dense(10)),
        ]
    )
    x = np.random.default_rng(0).random((64, 28, 28, 1), np.float32)
    snn = tfsnn.convert(
        ann, x, "paced", timesteps=timesteps, lookahead=0, correct="none"
    )
    return tfsnn.training.tunable(snn, gradient, surrogate="arctan")


def trained(
    model: keras.Model, batch_size: int, steps: int
) -> Callable[[], list[float]]:
    """Return what times `steps` training steps, after one that compiles."""
    rng = np.random.default_rng(0)
    x = rng.random((batch_size, 28, 28, 1), np.float32)
    y = rng.integers(0, 10, batch_size)
    model.compile("adam", CROSS_ENTROPY, jit_compile=False)
    model.train_on_batch(x, y)

    def run() -> list[float]:
        start = time.perf_counter()
        for _ in range(steps):
            model.train_on_batch(x, y)
        return [batch_size * steps / (time.perf_counter() - start)]

    return run


@click.command()
@OUTPUT
@click.option("--spikingjelly-python", "other", required=True)
@click.option("--timesteps", multiple=True, type=int, default=(4, 16))
@click.option("--batch-size", default=64, show_default=True)
@click.option("--steps", default=20, show_default=True)
@click.option("--turns", default=3, show_default=True)
def main(
    output: Path,
    other: str,
    timesteps: tuple[int, ...],
    batch_size: int,
    steps: int,
    turns: int,
) -> None:
    """Time all in turns; write JSON and Markdown."""
    asked = "import spikingjelly, torch; print(torch.__version__)"
    version = subprocess.check_output([other, "-c", asked], text=True).strip()
    report = Report(
        output,
        PAGE,
        batch_size=batch_size,
        spikingjelly=f"SpikingJelly 2.0.0 on PyTorch {version}",
    )
    for t in timesteps:

        def theirs(t: int = t) -> list[float]:
            command = [other, "-m", "benchmarks.training.spikingjelly_training"]
            command += ["--timesteps", str(t), "--batch-size", str(batch_size)]
            command += ["--steps", str(steps), "--repeats", "1"]
            return json.loads(subprocess.check_output(command, cwd=ROOT))

        runs: dict[str, Callable[[], list[float]]] = {
            "SpikingJelly": theirs,
            "layers": trained(of_layers(t), batch_size, steps),
            **{
                gradient: trained(converted(t, gradient), batch_size, steps)
                for gradient in ("time", "rates")
            },
        }
        rates: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(turns):
            for name, run in runs.items():
                rates[name] += run()
        median: dict[str, Any] = {n: statistics.median(r) for n, r in rates.items()}
        for name, rate in median.items():
            report.add(
                {
                    "timesteps": t,
                    "how": name,
                    "rate": rate,
                    "all": rates[name],
                    "ratio": rate / median["SpikingJelly"],
                }
            )


if __name__ == "__main__":
    main()
