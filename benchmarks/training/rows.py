"""Train a recurrent spiking layer on MNIST, read row by row: 28 steps of 28 pixels.

    python -m benchmarks.training.rows --data DIR --epochs 10 \
        --output benchmarks/results/rows_mnist

DIR holds mnist_train.npz and mnist_test.npz, images ``x`` uint8 and labels ``y``. The
layer is trained by time, through the surrogate of its neurons; the answer is the mean,
over all steps, of a dense layer on its spikes. Each epoch is a row; the test images
choose nothing.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

from benchmarks.inputs import OUTPUT
from benchmarks.tables import Page, Report
from tfsnn.layers import MeanOverTime, SpikingRecurrent

PAGE = Page(
    "MNIST row by row",
    "28 steps of 28 pixels - {units} recurrent leaky neurons - 10, {parameters:,} "
    "parameters, trained by time: Adam, batch {batch_size}, learning rate "
    "{learning_rate} that falls to 0 over {epochs} epochs. Measured on {machine}.",
    [
        (
            "epoch | training loss | training accuracy, % | test accuracy, % | "
            "images/s",
            "{epoch} | {loss:.3f} | {accuracy:.2p} | {test_accuracy:.2p} | "
            "{images_per_second:.0f}",
        )
    ],
)


def network(units: int) -> keras.Model:
    """Return a network of rows ``(B, 28, 28)`` to logits ``(B, 10)``."""
    recurrent = SpikingRecurrent(
        units,
        {"decay": 0.9, "reset": "zero", "surrogate": "arctan"},
        use_bias=True,
        kernel_initializer=keras.initializers.RandomNormal(0.0, 0.3),
        recurrent_initializer=keras.initializers.Orthogonal(0.5),
    )
    layers = [recurrent, MeanOverTime(), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((28, 28)), *layers])


def read(data: Path, part: str) -> tuple[Any, Any]:
    """Load images ``(N, 28, 28)`` in [0, 1] and labels of a part, train or test."""
    with np.load(data / f"mnist_{part}.npz") as arrays:
        x = arrays["x"].reshape(-1, 28, 28).astype(np.float32) / 255
        return x, arrays["y"]


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--units", default=256, show_default=True)
@click.option("--epochs", default=10, show_default=True)
@click.option("--batch-size", default=64, show_default=True)
@click.option("--learning-rate", default=5e-3, show_default=True)
@click.option("--limit", type=int, help="Training images to take; all by default.")
@OUTPUT
def main(
    data: Path,
    units: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    limit: int | None,
    output: Path,
) -> None:
    """Train, and write what each epoch gave."""
    keras.utils.set_random_seed(0)
    (x, y), (held, answers) = read(data, "train"), read(data, "test")
    x, y = x[:limit], y[:limit]
    model = network(units)
    steps = epochs * -(-len(x) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.Adam(rate),
        loss,
        metrics=["accuracy"],
        jit_compile=True,
    )
    settings = {"units": units, "epochs": epochs, "batch_size": batch_size}
    settings |= {"learning_rate": learning_rate, "parameters": model.count_params()}
    report = Report(output, PAGE, **settings)
    for epoch in range(1, epochs + 1):
        start, spent = time.perf_counter(), time.process_time()
        history = model.fit(x, y, batch_size, verbose=0).history
        seconds = time.perf_counter() - start
        spent = time.process_time() - spent
        _, found = model.evaluate(held, answers, 500, verbose=0)
        report.add(
            {
                "epoch": epoch,
                **{name: history[name][0] for name in ("loss", "accuracy")},
                "test_accuracy": found,
                "seconds": seconds,
                "cpu_seconds": spent,
                "images_per_second": len(x) / seconds,
            }
        )


if __name__ == "__main__":
    main()
