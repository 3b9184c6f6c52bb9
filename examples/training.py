"""What the training examples share: data by path, augmentation, one-cycle training.

The scripts beside this file call :func:`train`; each defines only its network.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import click
import keras
import numpy as np
import tensorflow as tf
from keras import layers


def convolution(filters: int) -> list[keras.Layer]:
    """A 3x3 convolution, batch norm and a ReLU."""
    return [
        layers.Conv2D(filters, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]


def load(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Images as uint8 ``(N, height, width, channels)`` and labels from an npz file."""
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["x"], arrays["y"]


def batches(
    x: np.ndarray, y: np.ndarray, batch_size: int, shift: int, flip: bool, seed: int
) -> tf.data.Dataset:
    """Endless shuffled training batches in 0..1, shifted by up to `shift` pixels."""
    height, width = x.shape[1:3]

    def augment(images: tf.Tensor, labels: tf.Tensor, step: tf.Tensor):
        images = tf.image.convert_image_dtype(images, tf.float32)
        if flip:
            images = tf.image.stateless_random_flip_left_right(images, [seed, step])
        padded = tf.pad(images, [[0, 0], [shift, shift], [shift, shift], [0, 0]])
        offsets = tf.random.stateless_uniform(
            [tf.shape(images)[0], 2], [seed + 1, step], 0, 2 * shift + 1, tf.int32
        )
        rows = offsets[:, :1] + tf.range(height)
        columns = offsets[:, 1:] + tf.range(width)
        images = tf.gather(padded, rows, axis=1, batch_dims=1)
        images = tf.gather(images, columns, axis=2, batch_dims=1)
        return images, labels

    data = tf.data.Dataset.from_tensor_slices((x, y))
    data = data.shuffle(len(x), seed=seed).repeat().batch(batch_size)
    steps = tf.data.Dataset.counter(dtype=tf.int32)
    data = tf.data.Dataset.zip(data, steps)
    return data.map(lambda pair, step: augment(*pair, step)).prefetch(4)


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Linear rise over the first quarter, then a cosine fall to zero."""

    def __init__(self, peak: float, steps: int) -> None:
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        progress = tf.cast(step, tf.float32) / self.steps
        fall = 0.5 * (1.0 + tf.cos(math.pi * (progress - 0.25) / 0.75))
        return self.peak * tf.where(progress < 0.25, 4.0 * progress, fall)


def train(
    build: Callable[[], keras.Model],
    *,
    shift: int,
    flip: bool,
    from_logits: bool = False,
) -> click.Command:
    """A command that trains ``build()`` and saves it, reporting the test accuracy."""

    @click.command(help="Train the network and save it as a .keras file.")
    @click.option("--train", "train_path", required=True, help="npz with x and y")
    @click.option("--test", "test_path", required=True, help="npz with x and y")
    @click.option("--output", required=True, type=click.Path(path_type=Path))
    @click.option("--epochs", default=20, show_default=True)
    @click.option("--batch-size", default=128, show_default=True)
    @click.option("--seed", default=0, show_default=True)
    @click.option("--bfloat16", is_flag=True, help="Train in mixed precision.")
    def command(train_path, test_path, output, epochs, batch_size, seed, bfloat16):
        keras.utils.set_random_seed(seed)
        if bfloat16:
            keras.config.set_dtype_policy("mixed_bfloat16")
        x, y = load(train_path)
        steps = len(x) // batch_size
        model = build()
        model.compile(
            keras.optimizers.SGD(
                OneCycle(0.1, epochs * steps),
                momentum=0.9,
                nesterov=True,
                weight_decay=5e-4,
            ),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits),
            metrics=["accuracy"],
            jit_compile=False,
        )
        model.fit(
            batches(x, y, batch_size, shift, flip, seed),
            epochs=epochs,
            steps_per_epoch=steps,
            verbose=2,
        )
        x, y = load(test_path)
        _, accuracy = model.evaluate(x.astype("float32") / 255, y, verbose=0)
        keras.config.set_dtype_policy("float32")
        trained = build()  # without the optimiser: a third of the size
        trained.set_weights(model.get_weights())
        trained.save(output)
        click.echo(f"test accuracy {100 * accuracy:.2f} % on {len(x)} images")

    return command
