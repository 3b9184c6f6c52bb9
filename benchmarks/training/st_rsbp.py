"""Train 784-400-R400-10 on Fashion-MNIST by ST-RSBP, from the published set-up.

    python -m benchmarks.training.st_rsbp --data DIR --epochs 10 \
        --output benchmarks/results/st_rsbp_fashion_mnist

DIR holds fashion_mnist_train.npz and fashion_mnist_test.npz, images ``x`` uint8 and
labels ``y``. Neurons, thresholds, trains of 400 steps, the grid of recurrent
connections, desired counts and the first weights are those of Zhang and Li (NeurIPS
2019) and their code; trains are drawn anew in each epoch, and weights learn from a
batch at once. A row is an epoch, or `--limit` images; the test images choose nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import click
import keras
import numpy as np

from benchmarks.inputs import OUTPUT
from benchmarks.tables import Document, Page, Report
from tfsnn import layers
from tfsnn.training import SpikeCounts, SpikeTrainModel

AUTHORS = {1: 84.71, 2: 86.07, 5: 87.67, 10: 88.91, 20: 89.75}


def _authors(document: Document) -> Iterator[str]:
    listed = ", ".join(f"{after}: {found} %" for after, found in AUTHORS.items())
    yield (
        "The authors' log, test accuracy after epochs of 60,000 images, one at a time, "
        f"64 images/s on a GPU: {listed}."
    )


PAGE = Page(
    "ST-RSBP on Fashion-MNIST",
    "784-400-R400-10, T={timesteps}, {variant}, {policy}; Adam, batch {batch_size}, "
    "learning rate {learning_rate} / sqrt(epoch). Test accuracy on {test_images:,} "
    "images. Measured on {machine}.",
    [
        (
            "images seen | training loss | training accuracy, % | test accuracy, % | "
            "images/s | images per CPU second",
            "{images:,} | {loss:.1f} | {accuracy:.2p} | {test_accuracy:.2p} | "
            "{images_per_second:.0f} | {images_per_cpu_second:.0f}",
        )
    ],
    blocks=_authors,
)


def network(timesteps: int, variant: str) -> SpikeTrainModel:
    """Return the published network, ``(B, 28, 28)`` to counts ``(B, 10)``."""
    uniform = keras.initializers.RandomUniform(-1.0, 1.0)
    return SpikeTrainModel(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            layers.PoissonTrains(timesteps, rate=1 / 5.5),
            layers.SpikingDense(
                400, layers.leaky_neuron(20.0), kernel_initializer=uniform
            ),
            layers.SpikingRecurrent(
                400,
                layers.leaky_neuron(20.0),
                layers.GridConnections((5, 5, 16)),
                kernel_initializer=uniform,
                recurrent_initializer=uniform,
            ),
            layers.SpikingDense(
                10, layers.leaky_neuron(15.0), lateral=1.0, kernel_initializer=uniform
            ),
        ],
        variant,
    )


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--timesteps", default=400, show_default=True)
@click.option("--variant", default="diagonal", show_default=True)
@click.option("--policy", default="mixed_bfloat16", show_default=True)
@click.option("--epochs", default=10, show_default=True)
@click.option("--batch-size", default=32, show_default=True)
@click.option("--learning-rate", default=5e-3, show_default=True)
@click.option("--limit", type=int, help="Images of an epoch; all by default.")
@click.option("--test-limit", type=int, help="Test images; all by default.")
@OUTPUT
def main(
    data: Path,
    timesteps: int,
    variant: str,
    policy: str,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    limit: int | None,
    test_limit: int | None,
    output: Path,
) -> None:
    """Train, and write what each epoch gave."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    (x, y), (held, answers) = (
        (arrays["x"].reshape(-1, 28, 28).astype(np.float32) / 255, arrays["y"])
        for part in ("train", "test")
        for arrays in [np.load(data / f"fashion_mnist_{part}.npz")]
    )
    held, answers = held[:test_limit], answers[:test_limit]
    model = network(timesteps, variant)
    scale = timesteps / 400
    model.compile(
        keras.optimizers.Adam(learning_rate),
        SpikeCounts(35 * scale, 5 * scale, 5 * scale),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    report = Report(
        output,
        PAGE,
        **{"timesteps": timesteps, "variant": variant, "policy": policy},
        **{"batch_size": batch_size, "learning_rate": learning_rate},
        test_images=len(held),
    )
    size = limit or len(x)
    model.train_on_batch(x[:batch_size], y[:batch_size])  # traced before it is timed
    model.reset_metrics()
    for part in range(epochs):
        first = part * size % len(x)
        chosen = slice(first, first + size)
        epoch = part * size // len(x)
        model.optimizer.learning_rate = learning_rate / math.sqrt(epoch + 1)
        start, spent = time.perf_counter(), time.process_time()
        history = model.fit(x[chosen], y[chosen], batch_size, verbose=0).history
        seconds = time.perf_counter() - start
        spent = time.process_time() - spent
        found = model.evaluate(held, answers, batch_size, verbose=0, return_dict=True)
        report.add(
            {
                "images": (part + 1) * size,
                **{name: history[name][0] for name in ("loss", "accuracy")},
                "test_accuracy": found["accuracy"],
                "images_per_second": len(x[chosen]) / seconds,
                "images_per_cpu_second": len(x[chosen]) / spent,
            }
        )


if __name__ == "__main__":
    main()
