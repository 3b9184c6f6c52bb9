"""Real digits that move over a real photograph: operations of sigma-delta coding.

    python -m benchmarks.moving_digits --data DIR \
        --output benchmarks/results/moving_digits

DIR holds mnist_train.npz, mnist_test.npz, cifar10_train.npz and cifar10_test.npz,
images ``x`` uint8 and labels ``y``. A sequence is a photograph of CIFAR-10, twice its
size, that stands still, and over it a digit of MNIST, as it is, that moves by a pixel
in each frame and turns back at the borders. A small CNN is trained on single frames.

A network of sigma-delta neurons then takes the frames of test digits over test
photographs: once as a stream, and once each frame by itself, from an empty state. What
is counted is operations, a spike times the weights that it reaches; accuracies are
means over all frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
from keras import layers

import tfsnn
from benchmarks.inputs import OUTPUT
from benchmarks.tables import Page, Report

SIZE, DIGIT = 64, 28
ROOM = SIZE - DIGIT
PAGE = Page(
    "Digits that move over a photograph",
    "{sequences:,} sequences of {frames} frames, 64 x 64 x 3; a CNN of {parameters:,} "
    "parameters, {macs:.2m} million MACs for a frame, trained on {images:,} frames: "
    "{ann_accuracy:.2p} % of the test frames. Operations are those of a frame, on the "
    "average. Measured on {machine}.",
    [
        (
            "error | input error | points lost | operations, million | of frame by "
            "frame, % | of the MACs of the ANN, %",
            "{error} | {input_error} | {points_lost:.2p} | {operations:.2m} | "
            "{of_frame_by_frame:.1p} | {of_macs:.1p}",
        )
    ],
)


def network() -> keras.Model:
    """Return a CNN of frames ``(B, 64, 64, 3)`` to logits ``(B, 10)``."""
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            *convolution(16, 5, strides=2),
            *convolution(32, 3, strides=2),
            *convolution(64, 3, strides=2),
            layers.MaxPooling2D(2),
            *convolution(64, 3),
            layers.GlobalMaxPooling2D(),
            layers.Dense(10),
        ],
        name="moving_digits",
    )


def convolution(filters: int, size: int, strides: int = 1) -> list[layers.Layer]:
    """Return a convolution, normalised, with ReLUs behind it."""
    options = {"padding": "same", "use_bias": False, "strides": strides}
    return [
        layers.Conv2D(filters, size, **options),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]


def read(data: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Load the images and labels of FOLDER/NAME.npz, as they are stored."""
    with np.load(data / f"{name}.npz") as arrays:
        return arrays["x"], arrays["y"].ravel()


def sequences(
    digits: np.ndarray, photographs: np.ndarray, frames: int, rng: Any
) -> np.ndarray:
    """Draw a photograph and a way for each digit: ``(N, F, 64, 64, 3)`` in [0, 1].

    A pixel is the brighter one of the two.
    """
    chosen = photographs[rng.integers(0, len(photographs), len(digits))]
    still = chosen.repeat(2, 1).repeat(2, 2).astype(np.float32) / 255
    found = np.repeat(still[:, None], frames, 1)
    for i, digit in enumerate(digits.reshape(-1, DIGIT, DIGIT, 1)):
        start, way = rng.integers(0, ROOM, 2), rng.choice((-1, 1), 2)
        for frame in range(frames):
            # There and back again: a triangle over 0..ROOM.
            row, column = ROOM - np.abs((start + way * frame) % (2 * ROOM) - ROOM)
            patch = found[i, frame, row : row + DIGIT, column : column + DIGIT]
            np.maximum(patch, digit / np.float32(255), out=patch)
    return found


def batches(data: Path, size: int, seed: int) -> Iterator[tuple[Any, Any]]:
    """Yield single frames of training digits and photographs, and labels, for ever."""
    rng = np.random.default_rng(seed)
    x, y = read(data, "mnist_train")
    photographs, _ = read(data, "cifar10_train")
    while True:
        drawn = rng.integers(0, len(x), size)
        yield sequences(x[drawn], photographs, 1, rng)[:, 0], y[drawn]


def trained(data: Path, images: int, batch_size: int = 64) -> keras.Model:
    """Train the CNN on so many frames."""
    model, steps = network(), max(1, images // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    frames = batches(data, batch_size, 0)
    model.fit(frames, steps_per_epoch=steps, shuffle=False, verbose=2)
    return model


def accuracy(outputs: np.ndarray, y: np.ndarray) -> float:
    """Return the mean accuracy over all frames of outputs ``(F, N, 10)``."""
    return float((outputs.argmax(-1) == y).mean())


def operations(snn: Any, x: np.ndarray) -> float:
    """Return the operations of a frame, of sequences ``(N, F, ...)``."""
    (row,) = tfsnn.evaluate(snn, x, over_time=True, timesteps=[x.shape[1]]).rows
    return row.synops / x.shape[1]


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--images", default=200_000, show_default=True, help="Training frames.")
@click.option("--sequences", "count", default=1000, show_default=True)
@click.option("--frames", default=20, show_default=True)
@click.option("--errors", default="0,0.05,0.1,0.2,0.3", show_default=True)
@click.option("--input-error", default=0.05, show_default=True)
@OUTPUT
def main(
    data: Path,
    images: int,
    count: int,
    frames: int,
    errors: str,
    input_error: float,
    output: Path,
) -> None:
    """Train, convert, and write what each error costs."""
    keras.utils.set_random_seed(0)
    model, rng = trained(data, images), np.random.default_rng(1)
    x, y = read(data, "mnist_test")
    photographs, _ = read(data, "cifar10_test")
    calibration, _ = next(batches(data, 512, 2))
    x, y = sequences(x[:count], photographs, frames, rng), y[:count]
    expected = np.stack([model.predict(each, 100, 0) for each in x.swapaxes(0, 1)])
    known = tfsnn.calibration(model, calibration)
    snn = tfsnn.convert(model, known, "sigma_delta")
    macs = snn.operations_per_sample().ann_macs
    settings = {"sequences": len(x), "frames": frames, "images": images, "macs": macs}
    settings |= {"parameters": model.count_params()}
    ann_accuracy = accuracy(expected, y)
    report = Report(output, PAGE, ann_accuracy=ann_accuracy, **settings)
    by_frame = x.reshape(-1, 1, *x.shape[2:])
    for error in map(float, errors.split(",")):
        options = {"error": error, "input_error": input_error if error else 0.0}
        snn = tfsnn.convert(model, known, "sigma_delta", **options)
        found = [
            snn.simulate(x[i : i + 50], over_time=True, record=()).outputs[0]
            for i in range(0, len(x), 50)
        ]
        changed, whole = operations(snn, x), operations(snn, by_frame)
        report.add(
            {
                **options,
                "points_lost": ann_accuracy - accuracy(np.concatenate(found, 1), y),
                "operations": changed,
                "of_frame_by_frame": changed / whole,
                "of_macs": changed / macs,
            }
        )


if __name__ == "__main__":
    main()
