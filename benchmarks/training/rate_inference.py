"""Measure rate norm layers and the rate-inference loss: Ding et al., IJCAI 2021.

    python -m benchmarks.training.rate_inference --train fashion_mnist_train.npz \
        --test fashion_mnist_test.npz --output benchmarks/results/rate_inference

A network of two convolutions and a dense layer, each with batch normalisation, is
trained by `fit` in both stages; the last 10,000 training samples are held out for the
callback of the second. Both are converted by their bounds, and measured on all test
samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
from keras import layers

import tfsnn
from benchmarks.inputs import OUTPUT, samples
from benchmarks.measure import timed
from benchmarks.tables import Page, Report

STEPS = (2, 4, 8, 16, 32)
HELD_OUT, BATCH, EPOCHS, RATE = 10_000, 100, 8, 0.1
TOLERANCE, EVERY, SECOND = 0.025, 20, 4
PAGE = Page(
    "Rate norm layers, and the rate-inference loss",
    "Fashion-MNIST, accuracy in % on {samples:,} test samples: conv 16, conv 32 and "
    "dense 64, with batch normalisation and average pooling; {epochs} epochs, and in "
    f"the second stage a tolerance of {100 * TOLERANCE:g} points on {HELD_OUT:,} "
    "training samples held out. Omega is the mean over layers, on the same test "
    "samples. Measured on {machine}.",
    [
        (
            "stage | bounds over maxima | seconds of training | Omega | V(0) / θ | "
            + " | ".join(f"T={t}" for t in STEPS)
            + " | ANN",
            "{stage} | {share:.3f} | {seconds:.0f} | {omega:.2f} | {potential} | "
            + " | ".join(f"{{t{t}:.2p}}" for t in STEPS)
            + " | {ann:.2p}",
        )
    ],
)


def network(shape: Sequence[int]) -> keras.Model:
    """Return the network, untrained, with ReLUs and max pooling."""

    def activated(layer: Any) -> list[Any]:
        return [layer, layers.BatchNormalization(), layers.ReLU()]

    return keras.Sequential(
        [
            keras.Input(tuple(shape)),
            *activated(layers.Conv2D(16, 3, use_bias=False)),
            layers.MaxPooling2D(),
            *activated(layers.Conv2D(32, 3, use_bias=False)),
            layers.MaxPooling2D(),
            layers.Flatten(),
            *activated(layers.Dense(64, use_bias=False)),
            layers.Dense(10),
        ],
        name="rate_norm_cnn",
    )


def first_stage(x: np.ndarray, y: np.ndarray) -> keras.Model:
    """Train a network of rate norm layers by stochastic gradient descent."""
    model = tfsnn.training.rate_normed(network(x.shape[1:]), average_pooling=True)
    steps = EPOCHS * -(-len(x) // BATCH)
    model.compile(
        keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(RATE, steps), 0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    return model


def second_stage(model: keras.Model, x: np.ndarray, held_out: Any) -> keras.Model:
    """Train the scale of the bounds."""
    inferring = tfsnn.training.rate_inference(model)
    tolerance = tfsnn.training.RateTolerance(*held_out, TOLERANCE, EVERY)
    targets = model.predict(x, batch_size=500, verbose=0)
    inferring.fit(
        x, targets, batch_size=BATCH, epochs=SECOND, callbacks=[tolerance], verbose=2
    )
    return inferring


def measured(model: keras.Model, potential: float, x: Any, y: Any) -> dict[str, Any]:
    """Convert a network by its bounds, and return the columns of its row."""
    steps, bounds = STEPS[-1], {"method": "qcfs", "initial_potential": potential}
    snn = tfsnn.convert(model, x[:500], timesteps=steps, **bounds)
    rows = {row.timesteps: row for row in tfsnn.evaluate(snn, (x, y)).rows}
    omegas = [
        layer.omega
        for layer in tfsnn.diagnose(model, snn, x[:100]).layers
        if layer.omega is not None
    ]
    norm = next(
        layer for layer in model.layers if isinstance(layer, tfsnn.layers.RateNorm)
    )
    right = model.predict(x, batch_size=500, verbose=0).argmax(-1) == y
    return {
        "share": float(keras.ops.sigmoid(norm.scale)),
        "omega": float(np.mean(omegas)),
        "potential": potential,
        "ann": float(np.mean(right)),
        **{f"t{t}": rows[t].accuracy for t in STEPS},
    }


@click.command()
@click.option("--train", required=True, help="Training samples with labels.")
@click.option("--test", required=True, help="Test samples with labels.")
@OUTPUT
def main(train: str, test: str, output: Path) -> None:
    """Train both stages, and measure the networks converted from them."""
    keras.utils.set_random_seed(0)
    shape = network((28, 28, 1))
    (x, y), (test_x, test_y) = samples(shape, train), samples(shape, test)
    report = Report(output, PAGE, samples=len(test_x), epochs=EPOCHS)
    held_out = x[-HELD_OUT:], y[-HELD_OUT:]
    x, y = x[:-HELD_OUT], y[:-HELD_OUT]
    first, seconds = timed(lambda: first_stage(x, y))
    second, more = timed(lambda: second_stage(first, x, held_out))
    for stage, model, taken in (("first", first, seconds), ("second", second, more)):
        for potential in (0.0, 0.5):
            row = measured(model, potential, test_x, test_y)
            report.add({"stage": stage, "seconds": taken, **row})


if __name__ == "__main__":
    main()
