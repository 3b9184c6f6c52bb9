"""Train a small vision transformer on CIFAR-10, convert it to spikes, and compare.

    python examples/train_vision_transformer.py --train train.npz --test test.npz

Patches of 4 x 4 pixels by a convolution, learned positions, four blocks, the mean of
all places: A. Dosovitskiy et al., "An Image is Worth 16x16 Words", 2020, arXiv
2010.11929, without its class token.
"""

from __future__ import annotations

from pathlib import Path

import click
import keras
from keras import layers
from training import batches, load
from transformer import block, measured, save, told, train, with_positions


def build(
    shape: tuple[int, int, int] = (32, 32, 3),
    width: int = 64,
    blocks: int = 4,
    heads: int = 4,
    classes: int = 10,
) -> keras.Model:
    """Build the network: images in 0..1 to logits."""
    inputs = keras.Input(shape)
    x = layers.Rescaling(4.0, -2.0, name="centred")(inputs)
    x = layers.Conv2D(width, 4, strides=4, name="patches")(x)
    x = layers.Reshape((-1, width), name="places")(x)
    x = with_positions(x)
    for i in range(blocks):
        x = block(x, f"block{i}", heads)
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    x = layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, x, name="vision_transformer")


@click.command(help=__doc__.splitlines()[0])
@click.option("--train", "train_path", required=True, help="npz with x and y")
@click.option("--test", "test_path", required=True, help="npz with x and y")
@click.option("--width", default=64, show_default=True, help="Of a place's vector.")
@click.option("--blocks", default=4, show_default=True)
@click.option("--epochs", default=5, show_default=True)
@click.option("--batch-size", default=128, show_default=True)
@click.option("--calibration", default=256, show_default=True, help="Images.")
@click.option("--count", default=1000, show_default=True, help="Test images.")
@click.option("--timesteps", default=16, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="a folder")
def main(
    train_path, test_path, width, blocks, epochs, batch_size, calibration, count,
    timesteps, seed, output,
):  # fmt: skip
    """Train, convert, compare."""
    keras.utils.set_random_seed(seed)
    x, y = load(train_path)
    shape, classes = x.shape[1:], int(y.max()) + 1
    model = train(
        lambda: build(shape, width, blocks, classes=classes),
        batches(x, y, batch_size, shape[0] // 16, True, seed),
        epochs=epochs,
        steps=len(x) // batch_size,
        peak=2e-3,
    )
    save(output, model.name, model)
    known = x[:calibration].astype("float32") / 255
    x, y = (each[:count] for each in load(test_path))
    x = x.astype("float32") / 255
    snn, figures = measured(model, known, x, y, timesteps=timesteps)
    click.echo(told(snn, figures, len(x)))
    save(output, f"{model.name}_snn", snn)


if __name__ == "__main__":
    main()
