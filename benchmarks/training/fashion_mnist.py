"""Train spiking networks on Fashion-MNIST from scratch, with the layers of tfsnn.

    python -m benchmarks.training.fashion_mnist --data DIR --network mlp --epochs 30 \
        --output benchmarks/results/training_fashion_mnist

DIR holds fashion_mnist_train.npz and fashion_mnist_test.npz (``docs/benchmarks.md``
says what makes them). Batch norm acts on currents, over all steps; the loss is the mean
cross entropy of each step, and the answer the mean over the steps. Each epoch is a row;
the test images choose nothing. Rows of other networks stay in the file.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf
from keras import layers

import tfsnn
from benchmarks.tables import Document, Page, Report, table
from tfsnn.layers import ConstantCurrent, LeakyIntegrateFire, OverTime

SHIFT = 2  # pixels, of training images of the convolutional network
ABOUT = {
    "mlp": "784-400-400-10",
    "cnn": "32C3 - 64C3 - 256 - 10, average pooling by 2 behind each convolution",
}


def neurons() -> LeakyIntegrateFire:
    """Return neurons as in TET: half of the potential is kept, reset to zero."""
    return LeakyIntegrateFire(decay=0.5, reset="zero", surrogate="triangle")


def normalised() -> keras.layers.Layer:
    """Return batch norm on currents, over batch, places and steps."""
    return OverTime(layers.BatchNormalization())


def network(name: str, timesteps: int) -> keras.Model:
    """Return a network ``(B, 28, 28, 1)`` to logits in each step, ``(B, T, 10)``.

    What comes before the first neurons is the same in each step, and done once.
    """
    if name == "mlp":
        middle = [
            *(layers.Flatten(), layers.Dropout(0.1), layers.Dense(400)),
            *(layers.BatchNormalization(), ConstantCurrent(timesteps), neurons()),
            *(OverTime(layers.Dropout(0.2)), layers.Dense(400)),
            *(normalised(), neurons(), OverTime(layers.Dropout(0.2))),
        ]
    else:
        middle = [
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            *(layers.BatchNormalization(), ConstantCurrent(timesteps), neurons()),
            OverTime(layers.AveragePooling2D(2)),
            OverTime(layers.Conv2D(64, 3, padding="same", use_bias=False)),
            *(normalised(), neurons(), OverTime(layers.AveragePooling2D(2))),
            *(OverTime(layers.Flatten()), OverTime(layers.Dropout(0.2))),
            *(layers.Dense(256, use_bias=False), normalised(), neurons()),
            OverTime(layers.Dropout(0.2)),
        ]
    return keras.Sequential([keras.Input((28, 28, 1)), *middle, layers.Dense(10)])


def batches(x: np.ndarray, y: np.ndarray, size: int, shift: int, seed: int) -> Any:
    """Return shuffled training batches; with a shift, images are moved and flipped."""

    def moved(images: Any, labels: Any) -> tuple[Any, Any]:
        images = tf.cast(images, tf.float32) / 255
        if shift:
            images = tf.image.random_flip_left_right(images, seed)
            images = tf.pad(images, [[0, 0], [shift] * 2, [shift] * 2, [0, 0]])
            corners = tf.random.uniform((size, 2), 0, 2 * shift + 1, tf.int32, seed)
            for axis in (1, 2):
                places = corners[:, axis - 1 : axis] + tf.range(28)
                images = tf.gather(images, places, axis=axis, batch_dims=1)
        return images, labels

    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed)
    return data.batch(size, drop_remainder=True).map(moved).prefetch(2)


def compiled(model: keras.Model, steps: int, rate: float) -> keras.Model:
    """Compile for a number of steps, over which the learning rate falls to 0."""
    warm = max(steps // 10, 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 10, steps - warm, warmup_target=rate, warmup_steps=warm
    )
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=1e-3),
        tfsnn.training.EachStep(cross_entropy),
        metrics=[tfsnn.training.OfMean(name="accuracy")],
        jit_compile=False,
    )
    return model


def _blocks(document: Document) -> Iterator[str]:
    for name in dict.fromkeys(row["network"] for row in document["rows"]):
        rows = [row for row in document["rows"] if row["network"] == name]
        last = rows[-1]
        yield (
            f"### {name}: {ABOUT[name]}\n\nT={last['timesteps']}, "
            f"{last['parameters']:,} parameters, epoch {last['epoch']} of "
            f"{last['epochs']}: **{100 * last['test_accuracy']:.2f} %** of the test "
            f"images; {np.median([row['seconds'] for row in rows]):.0f} s for an epoch."
        )
        header = "epoch | training loss | training accuracy, % | test accuracy, % | s"
        line = "{epoch} | {loss:.3f} | {accuracy:.2p} | {test_accuracy:.2p} | "
        yield table(header, line + "{seconds:.0f}", rows)


PAGE = Page(
    "Fashion-MNIST from scratch",
    "Spiking networks trained with surrogate gradients, on {machine}. Batch norm on "
    "currents over all steps, leaky neurons, cross entropy of each step; no image "
    "of the test set is used to choose anything.",
    blocks=_blocks,
)


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--network", "name", type=click.Choice(sorted(ABOUT)), default="mlp")
@click.option("--timesteps", default=4, show_default=True)
@click.option("--epochs", default=30, show_default=True)
@click.option("--stop-after", type=int, help="Epochs to run; all by default.")
@click.option("--limit", type=int, help="Training images to take; all by default.")
@click.option("--batch-size", default=100, show_default=True)
@click.option("--learning-rate", default=2e-3, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--output", required=True, type=click.Path(path_type=Path))
def main(
    data: Path,
    name: str,
    timesteps: int,
    epochs: int,
    stop_after: int | None,
    limit: int | None,
    batch_size: int,
    learning_rate: float,
    seed: int,
    output: Path,
) -> None:
    """Train a network, and write what each epoch gave."""
    keras.utils.set_random_seed(seed)
    train, test = (
        np.load(data / f"fashion_mnist_{part}.npz") for part in ("train", "test")
    )
    x, y = train["x"][:limit, ..., None], train["y"][:limit]
    held, answers = test["x"][..., None].astype(np.float32) / 255, test["y"]
    given = batches(x, y, batch_size, SHIFT if name == "cnn" else 0, seed)
    model = network(name, timesteps)
    compiled(model, epochs * len(given), learning_rate)
    report = Report(output, PAGE, keep=True)
    rows = report.document["rows"]
    report.document["rows"] = [row for row in rows if row["network"] != name]
    for epoch in range(1, (stop_after or epochs) + 1):
        start = time.perf_counter()
        history = model.fit(given, shuffle=False, verbose=0).history
        seconds = time.perf_counter() - start
        _, found = model.evaluate(held, answers, batch_size=200, verbose=0)
        report.add(
            {
                **{"network": name, "timesteps": timesteps, "epoch": epoch},
                **{"epochs": epochs, "loss": history["loss"][0]},
                **{"accuracy": history["accuracy"][0]},
                **{"test_accuracy": found, "seconds": seconds},
                **{"images": len(given) * batch_size, "learning_rate": learning_rate},
                "parameters": model.count_params(),
            }
        )


if __name__ == "__main__":
    main()
