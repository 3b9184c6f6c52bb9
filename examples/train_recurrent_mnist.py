"""Train an LSTM or a GRU that reads MNIST row by row, convert it, and compare.

Each image is a sequence of 28 rows of 28 pixels. The accuracies of the network and of
what it is converted to are printed; both are saved with --output.

With all of MNIST, 64 units, 5 epochs and batches of 128, the LSTM has 98.88 % and the
GRU 98.71 %, before and after conversion.

python examples/train_recurrent_mnist.py --train train.npz --test test.npz --kind gru \
    --epochs 5 --units 64 --batch-size 128
"""

from __future__ import annotations

from pathlib import Path

import click
import keras
import numpy as np
from keras import layers
from training import OneCycle, load

import tfsnn

KINDS = {"lstm": layers.LSTM, "gru": layers.GRU}


def build(kind: str, rows: int, columns: int, units: int) -> keras.Model:
    """A recurrent layer over the rows of an image, between dense layers with ReLU."""
    return keras.Sequential(
        [
            layers.Input((rows, columns)),
            layers.Dense(units, activation="relu"),
            KINDS[kind](units),
            layers.Dense(units, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name=f"mnist_{kind}",
    )


def read(path: str, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Images in 0..1 as sequences of rows, and their labels, the first of a file."""
    x, y = load(path)
    return x[:count].reshape(-1, *x.shape[1:3]).astype("float32") / 255, y[:count]


@click.command(help="Train an LSTM or a GRU on the rows of images, and convert it.")
@click.option("--train", "train_path", required=True, help="npz with x and y")
@click.option("--test", "test_path", required=True, help="npz with x and y")
@click.option("--kind", type=click.Choice(list(KINDS)), default="lstm")
@click.option("--units", default=32, show_default=True)
@click.option("--epochs", default=1, show_default=True)
@click.option("--batch-size", default=64, show_default=True)
@click.option("--count", type=int, help="Images of each file; all by default.")
@click.option("--method", help="How to convert; tfsnn's default if not given.")
@click.option("--timesteps", type=int, help="Steps; the method's default if not given.")
@click.option("--seed", default=0, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="a folder")
def main(
    train_path, test_path, kind, units, epochs, batch_size, count, method, timesteps,
    seed, output,
):  # fmt: skip
    """Train, convert, evaluate."""
    keras.utils.set_random_seed(seed)
    x, y = read(train_path, count)
    model = build(kind, *x.shape[1:], units)
    steps = epochs * -(-len(x) // batch_size)
    trained = build(kind, *x.shape[1:], units)
    trained.compile(
        keras.optimizers.Adam(OneCycle(4e-3, steps), clipnorm=1.0),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    trained.fit(x, y, batch_size, epochs, verbose=2)
    model.set_weights(trained.get_weights())  # without the optimiser
    given = {"method": method, "timesteps": timesteps}
    options = {name: value for name, value in given.items() if value is not None}
    network = tfsnn.convert(model, x[:1000], **options)
    x, y = read(test_path, count)
    for name, each in (("ann", model), ("snn", network)):
        scores = [np.asarray(each(x[i : i + 500])) for i in range(0, len(x), 500)]
        right = np.concatenate(scores).argmax(-1) == y
        click.echo(f"{name} {100 * right.mean():.2f} % on {len(x)} images")
        if output is not None:
            output.mkdir(parents=True, exist_ok=True)
            each.save(output / f"{kind}_{name}.keras")


if __name__ == "__main__":
    main()
