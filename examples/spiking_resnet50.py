"""Train a spiking ResNet-50 a few steps, with and without balanced surrogates.

    python examples/spiking_resnet50.py --data train.npz --size 32 --steps 5

The network of Ledinauskas et al., arXiv 2006.04436: batch norm on currents over all
steps, leaky neurons with reset to zero, SuperSpike as surrogate, T=10. It prints the
norm of the gradient at each spiking layer before and after the surrogates are balanced.
"""

from __future__ import annotations

import click
import keras
import numpy as np
from keras import layers

import tfsnn
from tfsnn.layers import ConstantCurrent, LeakyIntegrateFire, MeanOverTime, OverTime


def neurons() -> keras.layers.Layer:
    return LeakyIntegrateFire(0.9, reset="zero", surrogate="superspike")


def convolution(filters: int, size: int, stride: int = 1) -> list[keras.layers.Layer]:
    """A convolution in each step, and batch norm over all steps."""
    synapse = layers.Conv2D(
        filters, size, strides=stride, padding="same", use_bias=False
    )
    return [OverTime(synapse), OverTime(layers.BatchNormalization())]


def bottleneck(x, filters: int, stride: int, widened: bool):
    """Three convolutions; currents are added, before the neurons of what follows."""
    spikes = neurons()(x)
    shortcut = x
    if widened:
        shortcut = keras.Sequential(convolution(4 * filters, 1, stride))(spikes)
    y = spikes
    for layer in (
        *(*convolution(filters, 1), neurons()),
        *(*convolution(filters, 3, stride), neurons()),
        *convolution(4 * filters, 1),
    ):
        y = layer(y)
    return layers.Add()([y, shortcut])


def build(size: int, timesteps: int, blocks: tuple[int, ...], width: int, classes=10):
    """A ResNet-50, if `blocks` is (3, 4, 6, 3) and `width` 64."""
    inputs = x = keras.Input((size, size, 3))
    x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = ConstantCurrent(timesteps)(x)  # the first convolution is done once
    for group, count in enumerate(blocks):
        for i in range(count):
            stride = 2 if group and not i else 1
            x = bottleneck(x, width * 2**group, stride, widened=not i)
    x = OverTime(layers.GlobalAveragePooling2D())(neurons()(x))
    return keras.Model(inputs, MeanOverTime()(layers.Dense(classes)(x)))


@click.command()
@click.option("--data", help="npz with x (N, size, size, 3) and y; noise without it.")
@click.option("--size", default=32, show_default=True, help="Height and width.")
@click.option("--timesteps", default=10, show_default=True)
@click.option("--blocks", default="3,4,6,3", show_default=True)
@click.option("--width", default=64, show_default=True)
@click.option("--batch-size", default=16, show_default=True)
@click.option("--steps", default=5, show_default=True, help="Training steps.")
@click.option("--learning-rate", default=0.01, show_default=True)
def main(data, size, timesteps, blocks, width, batch_size, steps, learning_rate):
    """Build the network, balance it, train a few steps."""
    keras.utils.set_random_seed(0)
    rng, count = np.random.default_rng(0), batch_size * steps
    if data:
        with np.load(data, allow_pickle=False) as arrays:
            x = arrays["x"][:count, :size, :size].astype("float32") / 255
            y = arrays["y"][:count].ravel().astype("int64")
    else:
        x = rng.random((count, size, size, 3), np.float32)
        y = rng.integers(0, 10, count)
    model = build(size, timesteps, tuple(map(int, blocks.split(","))), width)
    model.compile(
        keras.optimizers.SGD(learning_rate, momentum=0.9, global_clipnorm=5.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    click.echo(tfsnn.training.balance(model, x[:batch_size], y[:batch_size]))
    history = model.fit(x, y, batch_size=batch_size, epochs=2, verbose=0).history
    click.echo(f"loss {history['loss'][0]:.3f}, then {history['loss'][1]:.3f}")


if __name__ == "__main__":
    main()
