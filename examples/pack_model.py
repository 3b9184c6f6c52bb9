"""Pack a trained network with real samples, as the folders of ``saved_models`` are.

    python examples/pack_model.py --model mnist.keras --train train.npz \
        --test test.npz --output saved_models/mnist_cnn

Writes ``model.keras`` (without an optimiser), ``test.npz`` (the first 500 test samples)
and ``calibration.npz`` (256 training samples, drawn with seed 0), and prints the
accuracy on the whole test set and the checksums that the folder's README states.
"""

import hashlib
from pathlib import Path

import click
import numpy as np
from training import load

import tfsnn


@click.command()
@click.option("--model", "model_path", required=True)
@click.option("--train", "train_path", required=True, help="npz with x and y")
@click.option("--test", "test_path", required=True, help="npz with x and y")
@click.option("--output", required=True, type=click.Path(path_type=Path))
def pack(model_path: str, train_path: str, test_path: str, output: Path) -> None:
    """Pack a trained network with real samples."""
    output.mkdir(parents=True, exist_ok=True)
    model = tfsnn.load_model(model_path)
    model.save(output / "model.keras")
    x, y = load(train_path)
    drawn = np.sort(np.random.default_rng(0).choice(len(x), 256, replace=False))
    np.savez_compressed(output / "calibration.npz", x=x[drawn], y=y[drawn])
    x, y = load(test_path)
    np.savez_compressed(output / "test.npz", x=x[:500], y=y[:500])
    outputs = model.predict(x.astype("float32") / 255, batch_size=100, verbose=0)
    click.echo(f"accuracy {100 * np.mean(outputs.argmax(-1) == y):.2f} % on {len(x)}")
    for name in ("model.keras", "calibration.npz", "test.npz"):
        digest = hashlib.sha256((output / name).read_bytes()).hexdigest()
        click.echo(f"{digest}  {name}")


if __name__ == "__main__":
    pack()
