"""Train a small GPT-style decoder on text, convert it to spikes, and compare.

    python examples/train_text_decoder.py

The text is that of this repository's pages, byte by byte, or of the files that --text
names; the last tenth of each file is for the test. Learned positions, causal attention,
and logits of the next byte at each place: A. Radford et al., "Language Models are
Unsupervised Multitask Learners", 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from transformer import block, measured, save, told, train, with_positions

DOCS = Path(__file__).parents[1] / "docs"
BYTES = 256


def build(
    length: int = 64, width: int = 96, blocks: int = 3, heads: int = 4
) -> keras.Model:
    """Build the network: bytes ``(B, length)`` to logits ``(B, length, 256)``."""
    inputs = keras.Input((length,), dtype="int32")
    x = with_positions(layers.Embedding(BYTES, width, name="bytes")(inputs))
    for i in range(blocks):
        x = block(x, f"block{i}", heads, causal=True)
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.Dense(BYTES, name="logits")(x)
    return keras.Model(inputs, x, name="text_decoder")


def read(files: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of files to train with, and those of their last tenths."""
    texts = [np.frombuffer(path.read_bytes(), np.uint8) for path in files]
    train, test = zip(
        *(np.split(text, [len(text) * 9 // 10]) for text in texts), strict=True
    )
    return np.concatenate(train), np.concatenate(test)


def windows(
    text: np.ndarray, starts: np.ndarray, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes behind `starts`, and the next of each: both ``(N, length)``."""
    found = text[starts[..., None] + np.arange(length + 1)].astype(np.int32)
    return found[..., :-1], found[..., 1:]


def parts(text: np.ndarray, count: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` windows spread evenly over a text, with the next bytes."""
    starts = np.linspace(0, len(text) - length - 1, count).astype(int)
    return windows(text, starts, length)


def fit(
    text: np.ndarray, model: dict[str, int], epochs: int, steps: int, seed: int = 0
) -> keras.Model:
    """Train on random windows of a text, 32 in a batch, `steps` batches an epoch.

    `model` holds arguments of :func:`build`; its "length" has to be among them.
    """
    length = model["length"]
    starts = np.random.default_rng(seed).integers(len(text) - length, size=(steps, 32))
    data = tf.data.Dataset.from_tensor_slices(windows(text, starts, length)).repeat()
    return train(lambda: build(**model), data, epochs, steps, peak=3e-3)


@click.command(help=__doc__.splitlines()[0])
@click.option(
    "--text",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file, again for each; the pages of docs/ by default.",
)
@click.option("--length", default=64, show_default=True, help="Bytes of a window.")
@click.option("--width", default=96, show_default=True, help="Of a place's vector.")
@click.option("--blocks", default=3, show_default=True)
@click.option("--epochs", default=8, show_default=True)
@click.option("--steps", default=200, show_default=True, help="Batches of an epoch.")
@click.option("--calibration", default=128, show_default=True, help="Windows.")
@click.option("--count", default=200, show_default=True, help="Test windows.")
@click.option("--timesteps", default=16, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="a folder")
def main(
    text, length, width, blocks, epochs, steps, calibration, count, timesteps, seed,
    output,
):  # fmt: skip
    """Train, convert, compare."""
    keras.utils.set_random_seed(seed)
    known, test = read(text or sorted(DOCS.glob("*.md")))
    sizes = {"length": length, "width": width, "blocks": blocks}
    model = fit(known, sizes, epochs, steps, seed)
    save(output, model.name, model)
    known, _ = parts(known, calibration, length)
    x, y = parts(test, count, length)
    snn, figures = measured(model, known, x, y, timesteps=timesteps)
    click.echo(told(snn, figures, len(x)))
    save(output, f"{model.name}_snn", snn)


if __name__ == "__main__":
    main()
